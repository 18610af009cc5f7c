#pragma once

#include <chrono>
#include <cstdint>
#include <string>

// Numbers as people read them.
namespace mailpipe::app {

/// 12 345 678
std::string grouped(std::uint64_t number);

/// 812 B, 1.2 GiB
std::string octets(std::uint64_t count);

/// 0.4 s, 41 s, 3 min 20 s, 2 h 5 min
std::string duration(double seconds);

/// 2024-01-31 12:00, in the zone of the user
std::string local_time(std::chrono::sys_seconds time);

/// 2024-01-31T12:00:00Z
std::string utc_time(std::chrono::sys_seconds time);

}  // namespace mailpipe::app
