#include "eml_name.hpp"

#include "file_digest.hpp"
#include "file_name.hpp"
#include "header_text.hpp"

#include <array>
#include <cstdio>

namespace mailpipe::eml {
namespace {

using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::string_view kExtension = ".eml";
constexpr std::string_view kNoTime = "00000000_000000";
constexpr std::size_t kLongestId = 200;  // leaves room for the time, a number and some subject

/// "20240131_235959", or zeros for what four digits cannot tell.
std::string time_text(const std::optional<sys_seconds>& time) {
  if (!time) {
    return std::string(kNoTime);
  }
  const auto day = std::chrono::floor<std::chrono::days>(*time);
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  if (*time < sys_days(std::chrono::year(1) / 1 / 1) || year > 9999) {
    return std::string(kNoTime);
  }
  const std::chrono::hh_mm_ss clock(*time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02u_%02d%02d%02d", year,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string short_hash(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const Digest digest = digest_of(text);
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    out += kDigits[digest.at(i) >> 4];
    out += kDigits[digest.at(i) & 0xF];
  }
  return out;
}

std::string id_text(const Item& item) {
  std::string id = encode_file_name(item.server_id, false);
  return id.empty() || id.size() > kLongestId ? short_hash(item.key) : id;
}

bool is_id(std::string_view text) {  // RFC 8620 section 1.2
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return !text.empty() && text.size() <= 255 &&
         text.find_first_not_of(kLetters) == std::string_view::npos;
}

/// The number that the `count` digits at `at` make.
int number_at(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char digit : text.substr(at, count)) {
    value = value * 10 + (digit - '0');
  }
  return value;
}

/// Parses "20240131_235959", digits as begins_with_time() saw them; nothing if it is no time of the
/// calendar.
std::optional<sys_seconds> parse_time(std::string_view text) {
  const std::chrono::year_month_day date(
      std::chrono::year(number_at(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(number_at(text, 4, 2))),
      std::chrono::day(static_cast<unsigned>(number_at(text, 6, 2))));
  const int hours = number_at(text, 9, 2);
  const int minutes = number_at(text, 11, 2);
  const int seconds = number_at(text, 13, 2);
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59) {
    return std::nullopt;
  }
  return sys_days(date) + std::chrono::hours(hours) + std::chrono::minutes(minutes) +
         std::chrono::seconds(seconds);
}

/// Whether the text begins "dddddddd_dddddd_".
bool begins_with_time(std::string_view text) {
  constexpr std::string_view kShape = "00000000_000000_";
  if (text.size() < kShape.size()) {
    return false;
  }
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != '_') {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string NameChoice::numbered(unsigned n) const {
  const std::string number = n < 2 ? std::string() : " (" + std::to_string(n) + ")";
  return fit_file_name(head, text, number + std::string(kExtension));
}

NameChoice choose_name(const Item& item, const Body& body) {
  if (!item.name.empty()) {
    std::string_view name = item.name;
    if (name.ends_with(kExtension) && name.size() > kExtension.size()) {
      name.remove_suffix(kExtension.size());
    }
    return {{}, std::string(name)};
  }
  return {time_text(item.received_at) + "_" + id_text(item) + "_", plain_words(subject_of(body))};
}

ParsedName parse_name(std::string_view name) {
  ParsedName out;
  if (!name.ends_with(kExtension) || !begins_with_time(name)) {
    return out;
  }
  out.received_at = parse_time(name.substr(0, kNoTime.size()));
  name.remove_suffix(kExtension.size());
  std::string_view rest = name.substr(kNoTime.size() + 1);
  for (std::size_t end = rest.size(); end != std::string_view::npos && end > 0;
       end = rest.rfind('_', end - 1)) {
    if (is_id(rest.substr(0, end))) {
      out.server_ids.emplace_back(rest.substr(0, end));
    }
  }
  return out;
}

}  // namespace mailpipe::eml
