#pragma once

#include "settings.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

namespace mailpipe::imap {

/// Keeps all connections together below the caps. Reads no clock: the caller tells the time.
///
/// Threads  Any.
class RateLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit RateLimiter(const RateCaps& caps) : caps_(caps) {}

  /// Books so much, which is asked for now, and says how long to wait before asking for more. Throws Error (RateLimit) when the day's octets are used
  /// up.
  std::chrono::milliseconds book(std::uint64_t octets, std::uint64_t messages, Time now);

 private:
  const RateCaps caps_;
  std::mutex mutex_;
  Time octets_free_, messages_free_;  ///< when what was booked has passed
  std::optional<Time> day_begin_;     ///< the first booking of 24 hours
  std::uint64_t day_octets_ = 0;
};

}  // namespace mailpipe::imap
