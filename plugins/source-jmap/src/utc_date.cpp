#include "utc_date.hpp"

namespace mailpipe::jmap {

namespace {

/// `count` digits at the front, taken off; -1 if they are not there.
int take_number(std::string_view& text, std::size_t count) noexcept {
  int number = 0;
  if (text.size() < count) {
    return -1;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') {
      return -1;
    }
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char wanted) noexcept {
  if (text.empty() || text.front() != wanted) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text) noexcept {
  if (!take(text, '.')) {
    return true;
  }
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) {
    return false;
  }
  text.remove_prefix(digits);
  return true;
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_utc_date(std::string_view text) noexcept {
  using std::chrono::day;
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::month;
  using std::chrono::seconds;
  using std::chrono::sys_days;
  using std::chrono::sys_seconds;
  using std::chrono::year;
  using std::chrono::year_month_day;
  const int year_number = take_number(text, 4);
  const bool dash1 = take(text, '-');
  const int month_number = take_number(text, 2);
  const bool dash2 = take(text, '-');
  const int day_number = take_number(text, 2);
  const bool tee = take(text, 'T');
  const int hour = take_number(text, 2);
  const bool colon1 = take(text, ':');
  const int minute = take_number(text, 2);
  const bool colon2 = take(text, ':');
  const int second = take_number(text, 2);
  const bool shape = dash1 && dash2 && tee && colon1 && colon2 && take_fraction(text) &&
                     take(text, 'Z') && text.empty();
  if (!shape || year_number < 0 || month_number < 0 || day_number < 0 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 60) {  // 60: a leap second
    return std::nullopt;
  }
  const year_month_day date(year(year_number), month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number)));
  if (!date.ok()) {
    return std::nullopt;
  }
  return sys_seconds(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second);
}

}  // namespace mailpipe::jmap
