#pragma once

#include "run/components.hpp"
#include "run/inbox.hpp"

#include <mailpipe/error.hpp>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

namespace mailpipe::run {

/// One sink with the thread that calls it. Calls run in the order in which they were given.
///
/// Threads  do_next() and the members below it: the engine's thread. The sink itself is called on the lane's own.
class SinkLane {
 public:
  SinkLane(const SinkPart& part, Inbox& inbox)
      : part_(part),
        inbox_(inbox),
        thread_([this] { loop(); }) {}

  ~SinkLane();
  SinkLane(const SinkLane&) = delete;
  SinkLane& operator=(const SinkLane&) = delete;

  const SinkPart& part() const noexcept { return part_; }

  /// Runs `call` on the lane's thread, then `reply` on the engine's, with the result or the error. Nothing is called for
  /// a lane that has stopped.
  template <class Call, class Reply>
  void do_next(Call call, Reply reply) {
    using Result = std::invoke_result_t<Call, Sink&>;
    post([this, call = std::move(call), reply = std::move(reply)]() mutable {
      if constexpr (std::is_void_v<Result>) {
        std::optional<Error> error = caught([&] { call(*part_.sink); });
        inbox_.post([reply = std::move(reply), error = std::move(error)]() mutable {
          reply(std::move(error));
        });
      } else {
        auto result = std::make_shared<Result>();
        std::optional<Error> error = caught([&] { *result = call(*part_.sink); });
        inbox_.post([reply = std::move(reply), error = std::move(error), result]() mutable {
          reply(std::move(error), std::move(*result));
        });
      }
    });
  }

  /// Same, and waits; throws what the call throws. For the start of a run.
  template <class Call>
  auto do_now(Call call) {
    using Result = std::invoke_result_t<Call, Sink&>;
    std::conditional_t<std::is_void_v<Result>, std::monostate, std::optional<Result>> result;
    std::optional<Error> error;
    const auto done = std::make_shared<std::promise<void>>();  // outlives who waits for it
    const std::future<void> when_done = done->get_future();
    post([&, done] {
      error = caught([&] {
        if constexpr (std::is_void_v<Result>) {
          call(*part_.sink);
        } else {
          result = call(*part_.sink);
        }
      });
      done->set_value();
    });
    when_done.wait();
    if (error) {
      throw Error(*error);
    }
    if constexpr (!std::is_void_v<Result>) {
      return std::move(*result);
    }
  }

  /// The run was aborted: what was not begun is dropped.
  void drop_pending();

  // ---- what the engine keeps of it
  bool alive = true;  ///< false: it failed and takes no further part in this run
  std::uint64_t stored = 0, adopted = 0, caught_up = 0, bytes = 0;
  std::uint64_t linked = 0, updated = 0, removed = 0;  ///< places
  bool complete = true;                                ///< no stored row lacks its receipt here
  std::string failure;                                 ///< why it is no longer alive

 private:
  /// The top of the lane's thread: every exception becomes an Error.
  static std::optional<Error> caught(const std::function<void()>& call);

  void post(std::function<void()> task);
  void loop();

  const SinkPart& part_;
  Inbox& inbox_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses all above
};

}  // namespace mailpipe::run
