#pragma once

#include <vector>

namespace mailpipe::run {
class Cancellation;
}

namespace mailpipe::app {

/// What the whole program is to be, whatever the command: files for this user only (umask 077), no
/// core dumps, for they would hold passwords, no death by a closed pipe, 0, 1 and 2 open, and memory
/// given back when it is free.
void prepare_process();

/// While it lives, SIGINT, SIGTERM and SIGHUP raise the cancellations instead of ending the program;
/// the second one raises them further. SIGHUP stays ignored if it was (nohup).
///
/// Threads  One at a time, made by the main thread.
class SignalGuard {
 public:
  explicit SignalGuard(run::Cancellation& cancellation);
  explicit SignalGuard(std::vector<run::Cancellation*> cancellations);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  const std::vector<run::Cancellation*> cancellations_;
};

}  // namespace mailpipe::app
