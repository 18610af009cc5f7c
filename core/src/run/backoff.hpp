#pragma once

#include <mailpipe/error.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>

namespace mailpipe::run {

/// How long to wait before the next attempt: exponential with full jitter, within a budget of time since the last
/// progress. What a server asks for (RateLimit) is waited as asked, clamped, and is not an attempt; more than what is left
/// of the budget is not waited for at all.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  Backoff(std::chrono::milliseconds longest, std::chrono::milliseconds budget)
      : longest_(std::max(longest, std::chrono::milliseconds(1))),
        budget_(budget) {}

  /// Nothing: the budget is used up.
  std::optional<std::chrono::milliseconds> next(const Error& error,
                                                Clock::time_point now = Clock::now()) {
    if (!failing_since_) {
      failing_since_ = now;
    }
    if (now - *failing_since_ >= budget_) {
      return std::nullopt;
    }
    if (error.retry_after().count() > 0) {
      const auto asked = std::min(error.retry_after(), kLongestAsked);
      return asked <= budget_ - (now - *failing_since_) ? std::optional(asked) : std::nullopt;
    }
    const auto ceiling =
        std::min<std::chrono::milliseconds>(longest_, kFirst * (1 << std::min(attempts_++, 16)));
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(1, ceiling.count())(random_));
  }

  /// Something went well: the budget and the waits start anew.
  void progressed() noexcept {
    attempts_ = 0;
    failing_since_.reset();
  }

  static constexpr std::chrono::milliseconds kFirst{500};
  static constexpr std::chrono::milliseconds kLongestAsked{15 * 60 * 1000};

 private:
  std::chrono::milliseconds longest_, budget_;
  int attempts_ = 0;
  std::optional<Clock::time_point> failing_since_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace mailpipe::run
