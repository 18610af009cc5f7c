#pragma once

#include <mailpipe/testing/forwarding_fs.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>

namespace mailpipe::test {

/// Lets one call fail: the nth (from 1) of a kind, or the nth of all. A full disk stays full, so a
/// fault may also last. Can make every transfer short.
class FaultyFs final : public ForwardingFs {
 public:
  struct Fault {
    std::optional<FsCall> kind;  ///< nothing: calls of every kind count
    std::uint64_t nth = 1;
    int error = 0;       ///< a positive errno
    bool lasts = false;  ///< every later call of that kind fails, too
  };

  using ForwardingFs::ForwardingFs;

  /// Counting starts anew.
  void fail(const Fault& fault) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    seen_ = 0;
    hit_ = false;
  }

  void heal() {
    const std::lock_guard lock(mutex_);
    fault_.reset();
  }

  /// No write or read moves more than `most` octets at once; 0: no limit.
  void shorten(std::size_t most) {
    const std::lock_guard lock(mutex_);
    most_ = most;
  }

  /// Whether the fault came to pass: the end of a sweep over n.
  bool hit() const {
    const std::lock_guard lock(mutex_);
    return hit_;
  }

 protected:
  int before(FsCall call) noexcept override {
    const std::lock_guard lock(mutex_);
    if (!fault_ || (fault_->kind && *fault_->kind != call)) {
      return 0;
    }
    ++seen_;
    if (seen_ < fault_->nth || (seen_ > fault_->nth && !fault_->lasts)) {
      return 0;
    }
    hit_ = true;
    return -fault_->error;
  }

  std::size_t shortened(std::size_t n) noexcept override {
    const std::lock_guard lock(mutex_);
    return most_ == 0 ? n : std::min(n, most_);
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::uint64_t seen_ = 0;
  std::size_t most_ = 0;
  bool hit_ = false;
};

}  // namespace mailpipe::test
