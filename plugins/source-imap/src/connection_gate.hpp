#pragma once

#include <mutex>

namespace mailpipe::imap {

/// How many of the fetching threads have a connection: one that the server refuses for there being too many waits instead
/// of failing, as long as another one works.
///
/// Threads  Any.
class ConnectionGate {
 public:
  void opened() {
    const std::lock_guard lock(mutex_);
    ++open_;
  }

  void closed() {
    const std::lock_guard lock(mutex_);
    --open_;
  }

  bool any_open() const {
    const std::lock_guard lock(mutex_);
    return open_ != 0;
  }

 private:
  mutable std::mutex mutex_;
  int open_ = 0;
};

}  // namespace mailpipe::imap
