#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/host.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// A Host for one component under test: keeps what it logs and counts, and hands out secrets from a map.
///
/// Threads  Any, once set up.
class FakeHost : public Host {
 public:
  using Host::log;

  FakeHost() : cancel_fd_(::eventfd(0, EFD_CLOEXEC)) {}

  ~FakeHost() override { ::close(cancel_fd_); }

  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  std::map<std::string, std::string> secrets;  ///< by JSON pointer
  std::map<std::string, std::string>
      refreshed_secrets;  ///< what a second reading gives, if it differs

  void abort() {
    cancel_ = Cancel::Abort;
    ::eventfd_write(cancel_fd_, 1);
  }

  void drain() { cancel_ = Cancel::Drain; }

  std::uint64_t counted(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = counters_.find(name);
    return found == counters_.end() ? 0 : found->second;
  }

  std::vector<std::string> logged() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  void log(LogLevel, std::string_view message, const Pairs&) override {
    const std::lock_guard lock(mutex_);
    log_.emplace_back(message);
  }

  void count(std::string_view name, std::uint64_t add) override {
    const std::lock_guard lock(mutex_);
    counters_[std::string(name)] += add;
  }

  Cancel cancelled() const override { return cancel_; }

  int cancel_fd() const override { return cancel_fd_; }

  /// No test sleeps: only says that it was asked to.
  void wait(std::chrono::milliseconds time) override {
    waited += time;
    if (cancel_ != Cancel::Running) {
      throw Error(ErrorClass::Cancelled, "stopped");
    }
  }

  std::chrono::milliseconds waited{0};

  std::chrono::sys_seconds run_time() const override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }

  std::string secret(std::string_view pointer, bool refresh) override {
    const std::string name(pointer);
    if (refresh) {
      ++refreshes;
      if (const auto found = refreshed_secrets.find(name); found != refreshed_secrets.end()) {
        return found->second;
      }
    }
    const auto found = secrets.find(name);
    if (found == secrets.end()) {
      throw Error(ErrorClass::Config, "no secret " + name);
    }
    return found->second;
  }

  std::atomic<int> refreshes{0};

  std::optional<std::string> get(std::string_view name) override {
    const auto found = values_.find(std::string(name));
    return found == values_.end() ? std::nullopt : std::optional<std::string>(found->second);
  }

  void put(std::string_view name, std::string_view value) override {
    values_[std::string(name)] = value;
  }

  std::optional<std::string> kept(std::string_view) override { return std::nullopt; }

  Fs& fs() override { throw Error(ErrorClass::Internal, "this test has no file system"); }

 private:
  int cancel_fd_;
  std::atomic<Cancel> cancel_{Cancel::Running};
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counters_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> log_;
};

}  // namespace mailpipe::test
