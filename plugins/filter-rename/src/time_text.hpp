#pragma once

#include <mailpipe/c_ptr.hpp>

#include <glib.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::rename {

/// Writes instants in one time zone.
///
/// Threads  Any.
/// Errors   Config when this machine does not know the zone.
class TimeText {
 public:
  /// "UTC", "local", "+01:00" or a name such as Europe/Berlin.
  explicit TimeText(const std::string& zone);

  /// The conversions of mailpipe/template.hpp. No time, or a year beyond 1 to 9999: zeros, and --- for names.
  std::string write(const std::optional<std::chrono::sys_seconds>& time,
                    std::string_view format) const;

 private:
  CPtr<GTimeZone, g_time_zone_unref> zone_;
};

}  // namespace mailpipe::rename
