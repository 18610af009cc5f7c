#pragma once

#include <mailpipe/item.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

// Between values and the columns that hold them.
namespace mailpipe::state {

inline std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

inline std::optional<std::string_view> view(const std::optional<Digest>& digest) {
  return digest ? std::optional(view(*digest)) : std::nullopt;
}

inline Digest to_digest(std::string_view octets) {
  Digest digest{};
  std::memcpy(digest.data(), octets.data(), std::min(octets.size(), digest.size()));
  return digest;
}

inline std::optional<std::int64_t> seconds(const std::optional<std::chrono::sys_seconds>& time) {
  return time ? std::optional<std::int64_t>(time->time_since_epoch().count()) : std::nullopt;
}

inline std::optional<std::chrono::sys_seconds> time_of(std::optional<std::int64_t> value) {
  return value ? std::optional(std::chrono::sys_seconds(std::chrono::seconds(*value)))
               : std::nullopt;
}

}  // namespace mailpipe::state
