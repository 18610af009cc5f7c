#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace mailpipe::config {

/// What a program printed and how it ended.
struct CommandOutput {
  std::string
      out;  ///< standard output, at most kMaxSecret + 1 octets; wiping it is the caller's task
  std::string err;      ///< standard error, at most 4 KiB
  int exit_status = 0;  ///< 128 + signal when a signal ended it
  bool timed_out = false;
};

inline constexpr std::size_t kMaxSecret = std::size_t{64} << 10U;

/// Runs argv without a shell, in a process group of its own, standard input empty, and waits for its end. The
/// variables named in `hidden` are missing from its environment. After `timeout` the group is killed.
/// Errors   Config: it cannot be started.
/// Threads  Any.
CommandOutput run_command(const std::vector<std::string>& argv,
                          const std::vector<std::string>& hidden, std::chrono::seconds timeout);

}  // namespace mailpipe::config
