#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mailpipe::config {

/// "90s", "1h30m", "7d", "2w"; each unit once, the larger first; "0". In seconds.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// "64MiB" (2^20), "10M" and "10MB" (10^6), "500" and "500B" (octets); k, M, G, T. In octets.
std::optional<std::int64_t> parse_size(std::string_view text);

/// "2024-01-31" (midnight UTC) or RFC 3339 "2024-01-31T12:00:00Z", "...+01:00"; fractions of a second are cut off.
/// In seconds since 1970-01-01T00:00:00Z.
std::optional<std::int64_t> parse_datetime(std::string_view text);

/// "10%" or "0.1"; from 0 to 1.
std::optional<double> parse_fraction(std::string_view text);

}  // namespace mailpipe::config
