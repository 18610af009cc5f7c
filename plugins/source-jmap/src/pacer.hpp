#pragma once

#include <chrono>
#include <cstdint>

namespace mailpipe::jmap {

/// How many downloads to have in flight: starts at four, doubles while that brings more through, halves when the server
/// says that it is too much.
///
/// Threads  One at a time. Reads no clock: the caller tells the time.
class Pacer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Pacer(Time now) : window_start_(now) {}

  unsigned limit() const noexcept { return limit_; }

  /// Never more than that from now on.
  void cap(unsigned most) noexcept;

  void completed(std::uint64_t octets, Time now);

  /// A transfer that began at `started` was refused. Those that began before the last halving say nothing new.
  void refused(Time started, Time now);

 private:
  void open_window(Time now) noexcept;

  unsigned limit_ = 4;
  unsigned most_ = 64;
  unsigned flat_windows_ = 0;
  double best_ = 0;
  std::uint64_t weight_ = 0;
  unsigned count_ = 0;
  Time window_start_;
  Time halved_at_ = Time::min();
};

}  // namespace mailpipe::jmap
