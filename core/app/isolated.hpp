#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace mailpipe::app {

/// How a trial ended.
struct Outcome {
  enum class Kind : char { Ok = 'o', Failed = 'f', Skipped = 's' };

  Kind kind = Kind::Ok;
  std::string what;  ///< why it failed or was skipped
  std::string hint;
};

/// Runs `trial` in a process of its own, so that a plugin that crashes or never returns costs that trial and nothing
/// else.
///
/// Threads  The caller is the only thread of the program: the child is a fork of it.
/// Errors   None: a signal, an exit and a timeout are failed outcomes.
Outcome isolated(const std::function<Outcome()>& trial, std::chrono::seconds limit);

}  // namespace mailpipe::app
