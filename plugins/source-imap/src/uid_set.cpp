#include "uid_set.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace mailpipe::imap {

namespace {

using Range = UidSet::Range;

constexpr std::uint32_t kLast = 0xFFFFFFFFU;

/// Takes a number off the front; nothing when there is none, when it is zero or beyond 32 bits.
std::optional<std::uint32_t> take_uid(std::string_view& text) {
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), uid);
  if (error != std::errc() || uid == 0) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return uid;
}

std::optional<Range> take_range(std::string_view& text) {
  const auto first = take_uid(text);
  if (!first) {
    return std::nullopt;
  }
  if (text.empty() || text.front() != ':') {
    return Range{*first, *first};
  }
  text.remove_prefix(1);
  const auto last = take_uid(text);
  if (!last) {
    return std::nullopt;
  }
  return Range{std::min(*first, *last), std::max(*first, *last)};
}

/// Sorts, and joins what touches or overlaps.
std::vector<Range> tidied(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  std::vector<Range> out;
  for (const Range& range : ranges) {
    if (!out.empty() && (out.back().last == kLast || range.first <= out.back().last + 1)) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

}  // namespace

std::optional<UidSet> UidSet::parse(std::string_view text, std::size_t most) {
  std::vector<Range> ranges;
  bool ascending = true;
  for (;;) {
    const auto range = take_range(text);
    if (!range || ranges.size() == most) {
      return std::nullopt;
    }
    ascending = ascending && (ranges.empty() || range->first > ranges.back().last);
    if (ascending && !ranges.empty() && range->first == ranges.back().last + 1) {
      ranges.back().last = range->last;
    } else {
      ranges.push_back(*range);
    }
    if (text.empty()) {
      break;
    }
    if (text.front() != ',') {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  UidSet set;
  set.ranges_ = ascending ? std::move(ranges) : tidied(std::move(ranges));
  return set;
}

void UidSet::add(Range range) {
  // Servers tell UIDs in ascending order: mostly it is the last run that grows.
  if (ranges_.empty() || (ranges_.back().last != kLast && range.first > ranges_.back().last + 1)) {
    ranges_.push_back(range);
    return;
  }
  const auto from =
      std::lower_bound(ranges_.begin(), ranges_.end(), range.first,
                       [](const Range& run, std::uint32_t uid) { return run.last < uid - 1; });
  auto to = from;
  while (to != ranges_.end() && (range.last == kLast || to->first <= range.last + 1)) {
    range = {std::min(range.first, to->first), std::max(range.last, to->last)};
    ++to;
  }
  if (from == to) {
    ranges_.insert(from, range);
  } else {
    *from = range;
    ranges_.erase(from + 1, to);
  }
}

void UidSet::add(const UidSet& other) {
  if (other.ranges_.size() == 1) {
    add(other.ranges_.front());
    return;
  }
  std::vector<Range> all = std::move(ranges_);
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  ranges_ = tidied(std::move(all));
}

void UidSet::remove(const UidSet& other) {
  *this = without(other);
}

bool UidSet::contains(std::uint32_t uid) const noexcept {
  const auto run =
      std::lower_bound(ranges_.begin(), ranges_.end(), uid,
                       [](const Range& range, std::uint32_t one) { return range.last < one; });
  return run != ranges_.end() && run->first <= uid;
}

std::uint64_t UidSet::count() const noexcept {
  std::uint64_t sum = 0;
  for (const Range& range : ranges_) {
    sum += std::uint64_t{range.last} - range.first + 1;
  }
  return sum;
}

UidSet UidSet::without(const UidSet& other) const {
  UidSet out;
  auto hole = other.ranges_.begin();
  for (Range rest : ranges_) {
    while (hole != other.ranges_.end() && hole->last < rest.first) {
      ++hole;
    }
    bool any_left = true;
    for (auto cut = hole; any_left && cut != other.ranges_.end() && cut->first <= rest.last;
         ++cut) {
      if (cut->first > rest.first) {
        out.ranges_.push_back({rest.first, cut->first - 1});
      }
      any_left = cut->last < rest.last;
      rest.first = any_left ? cut->last + 1 : rest.first;
    }
    if (any_left) {
      out.ranges_.push_back(rest);
    }
  }
  return out;
}

UidSet UidSet::common(const UidSet& other) const {
  UidSet out;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const Range both{std::max(a->first, b->first), std::min(a->last, b->last)};
    if (both.first <= both.last) {
      out.ranges_.push_back(both);
    }
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return out;
}

std::string UidSet::text() const {
  std::string out;
  for (const Range& range : ranges_) {
    out += (out.empty() ? "" : ",") + std::to_string(range.first);
    if (range.last != range.first) {
      out += ":" + std::to_string(range.last);
    }
  }
  return out;
}

}  // namespace mailpipe::imap
