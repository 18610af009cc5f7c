#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace mailpipe::jmap {

/// A UTCDate (RFC 8620 1.4): "2014-10-30T06:12:00Z", fractions of a second cut off. Nothing for anything else.
std::optional<std::chrono::sys_seconds> parse_utc_date(std::string_view text) noexcept;

}  // namespace mailpipe::jmap
