#include "time_text.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace mailpipe::rename {
namespace {

constexpr std::array<const char*, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

GTimeZone* open_zone(const std::string& name) {
  if (name == "UTC") {
    return g_time_zone_new_utc();
  }
  return name == "local" ? g_time_zone_new_local() : g_time_zone_new_identifier(name.c_str());
}

std::string digits(int value, int width) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%0*d", width, value);
  return text.data();
}

std::string offset_text(GDateTime* time) {
  const auto minutes =
      static_cast<int>(g_date_time_get_utc_offset(time) / (G_USEC_PER_SEC * gint64{60}));
  return (minutes < 0 ? "-" : "+") + digits(std::abs(minutes) / 60, 2) +
         digits(std::abs(minutes) % 60, 2);
}

std::string date_text(GDateTime* t) {
  return digits(g_date_time_get_year(t), 4) + "-" + digits(g_date_time_get_month(t), 2) + "-" +
         digits(g_date_time_get_day_of_month(t), 2);
}

/// One conversion of a time that is known. g_date_time_format() follows the locale.
std::string converted(GDateTime* t, char conversion) {
  const auto nth = [](const auto& names, int number) {
    return std::string(names.at(static_cast<std::size_t>(number - 1)));
  };
  switch (conversion) {
    case 'Y':
      return digits(g_date_time_get_year(t), 4);
    case 'y':
      return digits(g_date_time_get_year(t) % 100, 2);
    case 'm':
      return digits(g_date_time_get_month(t), 2);
    case 'd':
      return digits(g_date_time_get_day_of_month(t), 2);
    case 'j':
      return digits(g_date_time_get_day_of_year(t), 3);
    case 'F':
      return date_text(t);
    case 'H':
      return digits(g_date_time_get_hour(t), 2);
    case 'M':
      return digits(g_date_time_get_minute(t), 2);
    case 'S':
      return digits(g_date_time_get_second(t), 2);
    case 'z':
      return offset_text(t);
    case 'G':
      return digits(g_date_time_get_week_numbering_year(t), 4);
    case 'V':
      return digits(g_date_time_get_week_of_year(t), 2);
    case 'u':
      return digits(g_date_time_get_day_of_week(t), 1);
    case 'a':
      return nth(kDays, g_date_time_get_day_of_week(t));
    case 'b':
      return nth(kMonths, g_date_time_get_month(t));
    case 's':
      return std::to_string(g_date_time_to_unix(t));
    default:
      return "%";
  }
}

/// The same length as for a time that is known, so that names line up.
std::string unknown(char conversion) {
  switch (conversion) {
    case 'Y':
    case 'G':
      return "0000";
    case 'j':
      return "000";
    case 'F':
      return "0000-00-00";
    case 'z':
      return "+0000";
    case 'u':
    case 's':
      return "0";
    case 'a':
    case 'b':
      return "---";
    case '%':
      return "%";
    default:
      return "00";
  }
}

}  // namespace

TimeText::TimeText(const std::string& zone) : zone_(open_zone(zone)) {
  if (zone_ == nullptr) {
    throw Error(ErrorClass::Config, "unknown time zone '" + printable(zone) + "'",
                "is the package tzdata installed?");
  }
}

std::string TimeText::write(const std::optional<std::chrono::sys_seconds>& time,
                            std::string_view format) const {
  CPtr<GDateTime, g_date_time_unref> t;
  if (time) {
    const CPtr<GDateTime, g_date_time_unref> utc(
        g_date_time_new_from_unix_utc(time->time_since_epoch().count()));
    t.reset(utc != nullptr ? g_date_time_to_timezone(utc.get(), zone_.get()) : nullptr);
  }
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size()) {
      ++i;
      out += t != nullptr ? converted(t.get(), format[i]) : unknown(format[i]);
    } else {
      out += format[i];
    }
  }
  return out;
}

}  // namespace mailpipe::rename
