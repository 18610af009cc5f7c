#include "config/units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

namespace mailpipe::config {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;

/// Takes digits off the front; nothing when there are none or the number does not fit.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// Exactly `digits` digits.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  std::string_view head = text.substr(0, digits);
  const auto number = take_number(head);
  if (!number || !head.empty() || text.size() < digits) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return static_cast<int>(*number);
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> scaled(std::int64_t number, std::int64_t factor) {
  if (number > kMost / factor) {
    return std::nullopt;
  }
  return number * factor;
}

/// "12:30:00.5Z" or "12:30:00+01:00" as seconds to add to midnight UTC.
std::optional<std::int64_t> parse_time(std::string_view text) {
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  if (take(text, '.')) {
    const std::size_t end = text.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end);
  }
  const std::int64_t seconds = (*hour * 60 + *minute) * 60 + *second;
  if (text == "Z" || text == "z") return seconds;
  const bool east = text.starts_with('+');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto zone_hour = take_digits(text, 2);
  if (!zone_hour || !take(text, ':')) return std::nullopt;
  const auto zone_minute = take_digits(text, 2);
  if (!zone_minute || !text.empty() || *zone_hour > 23 || *zone_minute > 59) return std::nullopt;
  const std::int64_t offset = (*zone_hour * 60 + *zone_minute) * 60;
  return east ? seconds - offset : seconds + offset;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") {
    return 0;
  }
  constexpr std::array<std::pair<char, std::int64_t>, 5> kUnits{
      {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
  std::int64_t total = 0;
  std::size_t next = 0;
  do {
    const auto number = take_number(text);
    while (next < kUnits.size() && !text.starts_with(kUnits[next].first)) {
      ++next;
    }
    if (!number || next == kUnits.size()) return std::nullopt;
    const auto seconds = scaled(*number, kUnits[next].second);
    if (!seconds || *seconds > kMost - total) return std::nullopt;
    total += *seconds;
    ++next;
    text.remove_prefix(1);
  } while (!text.empty());
  return total;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty() || text == "B") return scaled(*number, 1);
  constexpr std::string_view kPrefixes = "kMGT";
  const std::size_t power = kPrefixes.find(text.front() == 'K' ? 'k' : text.front());
  if (power == std::string_view::npos) return std::nullopt;
  text.remove_prefix(1);
  const bool binary = text == "iB" || text == "i";
  if (!binary && !text.empty() && text != "B") return std::nullopt;
  std::int64_t factor = 1;
  for (std::size_t i = 0; i <= power; ++i) {
    factor *= binary ? 1024 : 1000;
  }
  return scaled(*number, factor);
}

std::optional<std::int64_t> parse_datetime(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t midnight =
      std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * 86400;
  if (text.empty()) return midnight;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  return midnight + *time;
}

std::optional<double> parse_fraction(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  value = percent ? value / 100 : value;
  if (value > 1) return std::nullopt;
  return value;
}

}  // namespace mailpipe::config
