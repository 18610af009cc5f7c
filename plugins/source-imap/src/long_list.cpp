#include "long_list.hpp"

#include "errors.hpp"
#include "tokenizer.hpp"

#include <algorithm>

namespace mailpipe::imap {

namespace {

constexpr std::size_t kMostRuns = 1'000'000;

/// Where the list begins and what is between its UIDs; npos: not yet to be seen.
struct Place {
  std::size_t at = std::string_view::npos;
  char separator = ',';
};

Place place_of(std::string_view line) {
  const std::string head = upper(line.substr(0, 512));
  Place place;
  if (head.rfind("* SEARCH ", 0) == 0) {
    return {9, ' '};
  }
  std::size_t at = std::string::npos;
  if (head.rfind("* ESEARCH ", 0) == 0) {
    at = head.find(" ALL ");
    at = at == std::string::npos ? at : at + 5;
  } else if (head.rfind("* VANISHED ", 0) == 0) {
    at = head.rfind("* VANISHED (EARLIER) ", 0) == 0 ? 21 : 11;
  }
  place.at = at;
  return place;
}

}  // namespace

bool LongList::is_one(std::string_view line_so_far) {
  return place_of(line_so_far).at != std::string_view::npos;
}

void LongList::drain(std::string& line) {
  const Place place = place_of(line);
  if (place.at >= line.size()) {
    return;
  }
  const char set[] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', place.separator};
  std::size_t end = line.find_first_not_of(std::string_view(set, sizeof set), place.at);
  end = std::min(end, line.size());
  if (end == place.at) {
    return;
  }
  const std::size_t last = line.rfind(place.separator, end - 1);
  if (last == std::string::npos || last < place.at) {
    return;
  }
  std::string_view text(line);
  text = text.substr(place.at, last + 1 - place.at);
  while (!text.empty()) {
    const std::size_t length = text.find(place.separator);
    if (length > 0) {
      add(text.substr(0, length));
    }
    text.remove_prefix(length + 1);
  }
  line.erase(place.at, last + 1 - place.at);
}

void LongList::add(std::string_view text) {
  Tokenizer in(text);
  UidSet::Range range;
  range.first = range.last = in.number32();
  if (in.take(':')) {
    range.last = in.number32();
  }
  if (!in.at_end() || range.first == 0 || range.last == 0) {
    throw unreadable_error("what should be a UID is none");
  }
  if (range.first > range.last) {
    std::swap(range.first, range.last);
  }
  const bool touches =
      !runs_.empty() && range.first >= runs_.back().first && range.first - 1 <= runs_.back().last;
  if (touches) {
    runs_.back().last = std::max(runs_.back().last, range.last);
    return;
  }
  if (runs_.size() >= kMostRuns) {
    throw unreadable_error("a list of UIDs has more than a million runs");
  }
  runs_.push_back(range);
}

UidSet LongList::take() {
  std::sort(runs_.begin(), runs_.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  UidSet set;
  for (const UidSet::Range& range : runs_) {
    set.add(range);
  }
  runs_.clear();
  runs_.shrink_to_fit();
  return set;
}

}  // namespace mailpipe::imap
