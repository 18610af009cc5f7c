#include "run/sink_lane.hpp"

namespace mailpipe::run {

SinkLane::~SinkLane() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

std::optional<Error> SinkLane::caught(const std::function<void()>& call) {
  try {
    call();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return Error(ErrorClass::Internal, std::string("unexpected exception: ") + error.what());
  }
}

void SinkLane::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();  // without the lock: who wakes would only run into it
}

void SinkLane::drop_pending() {
  const std::lock_guard lock(mutex_);
  tasks_.clear();
}

void SinkLane::loop() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace mailpipe::run
