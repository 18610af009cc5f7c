#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/testing/plain_fs.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// A Host for one component in process: values in memory, a log to look into, time at a standstill.
///
/// Threads  Any; set things up before the component runs.
class TestHost : public Host {
 public:
  struct Line {
    LogLevel level;
    std::string message;
    Pairs fields;
  };

  TestHost() : TestHost(nullptr) {}

  /// `fs` must outlive the host.
  explicit TestHost(Fs& fs) : TestHost(&fs) {}

  ~TestHost() override { ::close(cancel_fd_); }

  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  using Host::log;

  void log(LogLevel level, std::string_view message, const Pairs& fields) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back({level, std::string(message), fields});
  }

  void count(std::string_view name, std::uint64_t add) override {
    const std::lock_guard lock(mutex_);
    counters_[std::string(name)] += add;
  }

  Cancel cancelled() const override {
    const std::lock_guard lock(mutex_);
    return cancel_;
  }

  int cancel_fd() const override { return cancel_fd_; }

  /// Returns at once; the time adds up in waited().
  void wait(std::chrono::milliseconds time) override {
    const std::lock_guard lock(mutex_);
    if (cancel_ != Cancel::Running) {
      throw Error(ErrorClass::Cancelled, "the run is to stop");
    }
    waited_ += time;
  }

  std::chrono::sys_seconds run_time() const override { return run_time_; }

  std::string secret(std::string_view pointer, bool refresh) override {
    const std::lock_guard lock(mutex_);
    refreshed_ += refresh ? 1 : 0;
    const auto found = secrets.find(std::string(pointer));
    if (found == secrets.end()) {
      throw Error(ErrorClass::Config, "no secret at " + std::string(pointer));
    }
    return found->second;
  }

  std::optional<std::string> get(std::string_view name) override {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  }

  void put(std::string_view name, std::string_view value) override {
    values[std::string(name)] = std::string(value);
  }

  std::optional<std::string> kept(std::string_view key) override {
    const auto found = stored.find(std::string(key));
    return found == stored.end() ? std::nullopt : std::optional(found->second);
  }

  Fs& fs() override { return *fs_; }

  void set_run_time(std::chrono::sys_seconds time) { run_time_ = time; }

  void set_cancel(Cancel cancel) {
    const std::lock_guard lock(mutex_);
    cancel_ = cancel;
    if (cancel == Cancel::Abort) {
      ::eventfd_write(cancel_fd_, 1);
    }
  }

  std::vector<Line> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  /// Whether a line of the log contains `text`.
  bool logged(std::string_view text) const {
    for (const Line& line : lines()) {
      if (line.message.find(text) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  std::uint64_t counter(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = counters_.find(name);
    return found == counters_.end() ? 0 : found->second;
  }

  std::chrono::milliseconds waited() const {
    const std::lock_guard lock(mutex_);
    return waited_;
  }

  int refreshed() const {
    const std::lock_guard lock(mutex_);
    return refreshed_;
  }

  std::map<std::string, std::string> values;   ///< what get() and put() keep
  std::map<std::string, std::string> stored;   ///< what kept() knows: key, and key of today
  std::map<std::string, std::string> secrets;  ///< by JSON pointer

 private:
  explicit TestHost(Fs* fs) : fs_(fs == nullptr ? &posix_ : fs) {}

  PlainFs posix_;
  Fs* fs_;
  int cancel_fd_ = ::eventfd(0, EFD_CLOEXEC);
  std::chrono::sys_seconds run_time_{};
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
  std::map<std::string, std::uint64_t> counters_;
  std::chrono::milliseconds waited_{0};
  Cancel cancel_ = Cancel::Running;
  int refreshed_ = 0;
};

}  // namespace mailpipe::test
