#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/source.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

namespace mailpipe::run {

/// What reaches the engine's thread from all others: tasks (replies of sinks, finished bodies, signals), and the source's
/// events, which wait in a bounded queue of their own so that a busy engine slows the listing down and nothing else.
///
/// Threads  post(), push(), ask(), close() from any; take() from the engine's.
class Inbox {
 public:
  using Task = std::function<void()>;
  using Next = std::variant<std::monostate, Task, Event>;

  explicit Inbox(std::size_t max_events) : max_events_(max_events) {}

  /// Never waits. After close() the task is dropped.
  void post(Task task) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) {
        return;
      }
      tasks_.push_back(std::move(task));
    }
    changed_.notify_all();  // without the lock: who wakes would only run into it
  }

  /// Waits for room. Throws Error(Cancelled) after refuse_events() or close().
  void push(Event event) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return refused_ || events_.size() < max_events_; });
    if (refused_) {
      throw Error(ErrorClass::Cancelled, "the run is ending");
    }
    events_.emplace_back(std::move(event));
    changed_.notify_all();
  }

  /// Like post(), but after all events pushed before it.
  void post_after_events(Task task) {
    const std::lock_guard lock(mutex_);
    if (!refused_) {
      events_.emplace_back(std::move(task));
      changed_.notify_all();
    }
  }

  /// Runs a function on the engine's thread and waits for its result. Throws Error(Cancelled) when the run ends first.
  template <class Function>
  auto ask(Function function) {
    using Result = std::invoke_result_t<Function>;
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(function));
    std::future<Result> result = task->get_future();
    post([task] { (*task)(); });
    task.reset();
    try {
      return result.get();
    } catch (const std::future_error&) {
      throw Error(ErrorClass::Cancelled, "the run is ending");
    }
  }

  /// Tasks come before events. Events only if `with_events`. Nothing when the deadline has passed.
  Next take(std::chrono::steady_clock::time_point deadline, bool with_events) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline,
                        [&] { return !tasks_.empty() || (with_events && !events_.empty()); });
    if (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      return task;
    }
    if (with_events && !events_.empty()) {
      Next next = std::move(events_.front());
      events_.pop_front();
      if (events_.size() == max_events_ / 2) {
        room_.notify_all();  // not for each one: the source would wake to push just one more
      }
      return next;
    }
    return std::monostate{};
  }

  /// From now on push() throws; events not yet taken are dropped.
  void refuse_events() {
    const std::lock_guard lock(mutex_);
    refused_ = true;
    events_.clear();
    room_.notify_all();
  }

  /// Drops everything; whoever waits is let go.
  void close() {
    std::deque<Task> dropped;
    {
      const std::lock_guard lock(mutex_);
      refused_ = closed_ = true;
      events_.clear();
      dropped.swap(tasks_);  // destroyed outside the lock: their promises break and may wake others
      changed_.notify_all();
      room_.notify_all();
    }
  }

 private:
  const std::size_t max_events_;
  std::mutex mutex_;
  std::condition_variable changed_;  // there is something to take
  std::condition_variable room_;     // there may be room for events
  std::deque<Task> tasks_;
  std::deque<Next> events_;
  bool refused_ = false, closed_ = false;
};

}  // namespace mailpipe::run
