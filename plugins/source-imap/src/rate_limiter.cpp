#include "rate_limiter.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>
#include <string>

namespace mailpipe::imap {

namespace {

using std::chrono::milliseconds;
using Time = RateLimiter::Time;

/// Books the amount; how long until it has passed.
milliseconds pass(Time& free, Time now, std::uint64_t amount, std::uint64_t per_second) {
  if (per_second == 0) {
    return milliseconds(0);
  }
  const std::chrono::duration<double> time(static_cast<double>(amount) /
                                           static_cast<double>(per_second));
  free = std::max(free, now) + std::chrono::duration_cast<Time::duration>(time);
  return std::chrono::ceil<milliseconds>(free - now);
}

}  // namespace

milliseconds RateLimiter::book(std::uint64_t octets, std::uint64_t messages, Time now) {
  const std::lock_guard lock(mutex_);
  if (!day_begin_ || now - *day_begin_ >= std::chrono::hours(24)) {
    day_begin_ = now;
    day_octets_ = 0;
  }
  if (caps_.bytes_per_day != 0 && day_octets_ != 0 && day_octets_ + octets > caps_.bytes_per_day) {
    throw Error(ErrorClass::RateLimit,
                "the " + std::to_string(caps_.bytes_per_day) +
                    " octets that this server may send in a day are used up",
                "run again tomorrow; rate: bytes_per_day is the limit")
        .retry_after(std::chrono::hours(24) -
                     std::chrono::duration_cast<milliseconds>(now - *day_begin_));
  }
  day_octets_ += octets;
  return std::max(pass(octets_free_, now, octets, caps_.bytes_per_second),
                  pass(messages_free_, now, messages, caps_.messages_per_second));
}

}  // namespace mailpipe::imap
