#include "postmark.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <ctime>

namespace mailpipe::mbox {
namespace {

constexpr std::size_t kHead = std::size_t{16} * 1024;  // Return-Path comes first, if it comes
constexpr std::size_t kLongestSender = 254;            // RFC 5321 section 4.5.3.1.3
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool begins_with(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char a, char b) {
           return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
         });
}

/// Nothing that a reader could take for the end of the address, or for a date.
bool is_plain_address(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-/=?^_`{|}~.@";
  return !text.empty() && text.size() <= kLongestSender && text.find('@') != std::string::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kSigns.find(c) != std::string_view::npos;
         });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t from = text.find_first_not_of(kSpace);
  return from == std::string_view::npos
             ? std::string_view()
             : text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

std::string sender_of(const Body& body) {
  constexpr std::string_view kName = "return-path:";
  const std::string head = body.head(kHead);
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = trimmed(rest.substr(0, end));
    if (line.empty() || end == std::string_view::npos) {
      break;
    }
    if (begins_with(line, kName)) {
      std::string_view value = trimmed(line.substr(kName.size()));
      if (value.starts_with('<') && value.ends_with('>')) {
        value = value.substr(1, value.size() - 2);
      }
      if (is_plain_address(value)) {
        return std::string(value);
      }
      break;
    }
    rest.remove_prefix(end + 1);
  }
  return "MAILER-DAEMON";
}

}  // namespace

std::string postmark(const Body& body, const std::optional<std::chrono::sys_seconds>& received_at) {
  std::time_t seconds = received_at ? received_at->time_since_epoch().count() : 0;
  std::tm time{};
  if (::gmtime_r(&seconds, &time) == nullptr || time.tm_year < 70 || time.tm_year > 8099) {
    seconds = 0;  // four digits are all that readers take
    ::gmtime_r(&seconds, &time);
  }
  std::array<char, 64> date{};
  std::snprintf(date.data(), date.size(), " %s %s %2d %02d:%02d:%02d %d\n",
                kDays.at(static_cast<std::size_t>(time.tm_wday)),
                kMonths.at(static_cast<std::size_t>(time.tm_mon)), time.tm_mday, time.tm_hour,
                time.tm_min, time.tm_sec, time.tm_year + 1900);
  return std::string(kPostmark) + sender_of(body) + date.data();
}

std::optional<std::chrono::sys_seconds> time_of(std::string_view postmark) {
  if (postmark.size() > 512) {
    return std::nullopt;
  }
  for (const char* day : kDays) {
    const std::size_t at = postmark.rfind(" " + std::string(day) + " ");
    std::array<char, 4> month{};
    std::tm time{};
    const std::string text(at == std::string_view::npos ? "" : postmark.substr(at + 5));
    if (text.empty() ||
        std::sscanf(text.c_str(), "%3s %2d %2d:%2d:%2d %4d", month.data(),  // NOLINT
                    &time.tm_mday, &time.tm_hour, &time.tm_min, &time.tm_sec, &time.tm_year) != 6) {
      continue;
    }
    const auto found = std::find(kMonths.begin(), kMonths.end(), std::string_view(month.data()));
    if (found == kMonths.end()) {
      continue;
    }
    time.tm_mon = static_cast<int>(found - kMonths.begin());
    time.tm_year -= 1900;
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&time)));
  }
  return std::nullopt;
}

}  // namespace mailpipe::mbox
