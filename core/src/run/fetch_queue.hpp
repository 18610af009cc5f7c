#pragma once

#include "spool/spool.hpp"

#include <mailpipe/source.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace mailpipe::run {

/// The messages that wait to be fetched, and those that are being fetched. The engine pushes; source threads take, each
/// through a Session of its own. Back-pressure is here alone: take() hands out nothing while the bodies that are out there
/// or wait for the sinks are past the limits.
///
/// Threads  Any.
class FetchQueue {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::uint64_t bytes = 64ULL << 20U;  ///< of bodies taken and not yet released
    std::uint64_t items = 2000;
  };

  /// What becomes of works; called on a source thread, must not block.
  struct Replies {
    std::function<void(std::uint64_t token, std::shared_ptr<const spool::SpooledBody>)> done;
    std::function<void(std::uint64_t token, const Error&)> failed;
    std::function<void(std::uint64_t token)> gone;
    std::function<void(std::uint64_t token)> returned;  ///< unanswered: fetch() ended or failed
    std::function<void()> starved;  ///< take() waits for room: commit what is open
  };

  FetchQueue(spool::Spool& spool, Limits limits, Replies replies);
  ~FetchQueue();
  FetchQueue(const FetchQueue&) = delete;
  FetchQueue& operator=(const FetchQueue&) = delete;

  // ---- the engine's side
  void push(Work work);

  /// Comes again, not before `when`. The work was taken and failed.
  void retry(Work work, Clock::time_point when);

  /// Nothing is handed out before `when` (a rate limit, a server that is down).
  void hold_all_until(Clock::time_point when);

  /// What a work takes of Limits::bytes from take() to release(), whatever its body turns out to be.
  static std::uint64_t share(const Work& work) { return work.size.value_or(64U * 1024U); }

  /// The sinks have the body; its share of the limits is free.
  void release(std::uint64_t size);

  /// No more push() or retry(): take() ends when the queue is empty.
  void close();

  /// Ends take() at once; returns the works that were never handed out.
  std::vector<Work> drain();

  /// When time alone will change what take() does; the engine calls tick() then.
  std::optional<Clock::time_point> next_tick();
  void tick();

  // ---- a source thread's side
  class Session;
  std::unique_ptr<Session> session();

 private:
  struct Delayed {
    Clock::time_point when;
    Work work;
  };

  Taken take(const TakeLimits& limits, std::map<std::uint64_t, Work>& mine);
  bool ready(Clock::time_point now) const;
  bool ended() const;

  bool room() const {
    return out_items_ == 0 || (out_items_ < limits_.items && out_bytes_ < limits_.bytes);
  }

  void move_due(Clock::time_point now);
  void changed();

  spool::Spool& spool_;
  const Limits limits_;
  const Replies replies_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  std::vector<Delayed> delayed_;
  std::optional<Clock::time_point> held_until_;  // until tick() lets go
  std::uint64_t out_bytes_ = 0, out_items_ = 0;  // taken and not yet released
  std::uint64_t taken_ = 0;                      // taken and not yet answered
  bool closed_ = false, drained_ = false;
  int wake_fd_;
  bool wake_fd_set_ = false;  // readable
};

/// What fetch() of one source thread sees. Its destruction hands out again what it left unanswered.
class FetchQueue::Session final : public WorkQueue {
 public:
  explicit Session(FetchQueue& queue) : queue_(queue) {}

  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Taken take(const TakeLimits& limits) override;

  int wake_fd() override { return queue_.wake_fd_; }

  /// Nothing will come any more.
  bool ended() const;
  std::unique_ptr<BodyWriter> open(std::uint64_t token) override;
  void fail(std::uint64_t token, const Error& error) override;
  void gone(std::uint64_t token) override;

 private:
  class Writer;

  /// Takes the work out of this session; throws Internal for a token that it does not hold.
  Work answered(std::uint64_t token);

  FetchQueue& queue_;
  std::map<std::uint64_t, Work> mine_;
};

}  // namespace mailpipe::run
