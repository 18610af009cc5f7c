#pragma once

#include <mailpipe/host.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace mailpipe::run {

/// How far a run is to stop, for every thread of it.
///
/// Drain finishes and commits what is in flight; Abort drops it. The level only rises.
/// Threads  All calls from any thread, at once. raise_from_signal() is safe in a signal handler.
class Cancellation {
 public:
  Cancellation();
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  Cancel level() const noexcept {
    return static_cast<Cancel>(level_.load(std::memory_order_acquire));
  }

  void raise(Cancel level) noexcept;

  /// One step further: Running -> Drain -> Abort. Only atomics and write().
  void raise_from_signal(int signal) noexcept;

  /// The signal that began it, or 0.
  int signal() const noexcept { return signal_.load(); }

  /// Polls readable from Drain on / from Abort on. Never read from or close them.
  int drain_fd() const noexcept { return drain_fd_; }

  int abort_fd() const noexcept { return abort_fd_; }

  /// Sleeps; false as soon as the level is Drain or above.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) const;

 private:
  std::atomic<int> level_{0};
  std::atomic<int> signal_{0};
  int drain_fd_;
  int abort_fd_;
};

}  // namespace mailpipe::run
