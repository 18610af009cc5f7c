#include "regex.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <algorithm>
#include <cstdint>

namespace mailpipe::rename {
namespace {

constexpr std::uint32_t kMostSteps = 1'000'000;
constexpr std::uint32_t kMostHeap = 16 * 1024;  // KiB

}  // namespace

Regex::Regex(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  code_.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY, &error,
      &offset, nullptr));
  if (code_ == nullptr) {
    throw Error(ErrorClass::Config, "'" + printable(pattern) +
                                        "' is no regular expression: see character " +
                                        std::to_string(offset));
  }
  found_.reset(pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  limits_.reset(pcre2_match_context_create(nullptr));
  if (found_ == nullptr || limits_ == nullptr) {
    throw Error(ErrorClass::Permanent, "out of memory");
  }
  pcre2_set_match_limit(limits_.get(), kMostSteps);
  pcre2_set_heap_limit(limits_.get(), kMostHeap);
}

bool Regex::find(std::string_view text, std::size_t from) const {
  return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0,
                     found_.get(), limits_.get()) > 0;
}

Regex::Groups Regex::groups_in(std::string_view text) const {
  Groups groups;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(found_.get());
  for (std::uint32_t i = 0; i < pcre2_get_ovector_count(found_.get()); ++i) {
    const PCRE2_SIZE begin = ends[2 * i];
    const PCRE2_SIZE end = ends[2 * i + 1];
    const bool took_part = begin != PCRE2_UNSET && begin <= end && end <= text.size();
    groups.push_back(took_part ? text.substr(begin, end - begin) : std::string_view());
  }
  return groups;
}

std::optional<std::string> Regex::replace_all(
    std::string_view text, const std::function<std::string(const Groups&)>& by) const {
  std::string out;
  std::size_t kept = 0;  // what is before it is in `out`
  bool any = false;
  for (std::size_t at = 0; at <= text.size() && find(text, at);) {
    const Groups groups = groups_in(text);
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(found_.get());
    const std::size_t begin = std::max<std::size_t>(ends[0], kept);  // \K may begin earlier
    const std::size_t end = std::max<std::size_t>(ends[1], begin);
    // As sed has it: right behind what was found, nothing is not found once more, so that .* is found once.
    if (!any || begin > kept || end > begin) {
      out.append(text.substr(kept, begin - kept)).append(by(groups));
      kept = end;
    }
    any = true;
    at = end;
    // Where nothing was found there is nothing more to be found at the same place.
    if (end == begin) {
      at += std::max<std::size_t>(detail::decode_utf8(text.substr(at)).length, 1);
    }
  }
  return any ? std::optional(out.append(text.substr(std::min(kept, text.size())))) : std::nullopt;
}

}  // namespace mailpipe::rename
