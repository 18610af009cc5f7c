#include "message_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace mailpipe::maildir {
namespace {

constexpr std::string_view kMark = ".mailpipe,S=";
constexpr std::size_t kHashOctets = 16;

}  // namespace

std::string base_name(const Item& item, const FileDigest& content, unsigned n) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = item.key;
  text.append(1, '\0').append(content.digest.begin(), content.digest.end());
  text.append(std::to_string(n));
  const Digest hash = digest_of(text);
  const std::int64_t time =
      item.received_at ? std::max<std::int64_t>(item.received_at->time_since_epoch().count(), 0)
                       : 0;
  std::string out = std::to_string(time) + ".";
  for (std::size_t i = 0; i < kHashOctets; ++i) {
    out += kDigits[hash.at(i) >> 4];
    out += kDigits[hash.at(i) & 0xF];
  }
  return out.append(kMark).append(std::to_string(content.size));
}

bool is_our_name(std::string_view base) {
  const std::size_t dot = base.find('.');
  const std::size_t mark = base.find(kMark);
  return mark != std::string_view::npos && dot != std::string_view::npos && dot > 0 &&
         mark == dot + 1 + 2 * kHashOctets &&
         base.substr(0, dot).find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::chrono::sys_seconds> time_in(std::string_view base) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(base.data(), base.data() + base.size(), seconds);
  if (!is_our_name(base) || error != std::errc() || seconds == 0) {
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

}  // namespace mailpipe::maildir
