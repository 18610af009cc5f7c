#pragma once

#include "support/pipeline_run.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

namespace mailpipe::test {

/// Kills its own process at the entry of the nth file operation, as a power switch would.
class KillingFs final : public ForwardingFs {
 public:
  KillingFs(Fs& inner, int at) : ForwardingFs(inner), at_(at) {}

  int calls() const { return calls_.load(); }

 protected:
  int before(FsCall /*call*/) noexcept override {
    if (++calls_ == at_) {
      ::raise(SIGKILL);
    }
    return 0;
  }

 private:
  std::atomic<int> calls_{0};
  const int at_;
};

/// A pipeline whose run can be a process of its own, so that it can really die.
class KillablePipeline : public PipelineRun {
 public:
  /// Runs in a child that dies at file operation `at` (0: never). Returns the wait status.
  int run_in_child(int at, run::Mode mode = run::Mode::Run) {
    const pid_t child = ::fork();
    if (child == 0) {
      KillingFs killing(posix_fs, at);
      file_ops = &killing;
      ::_exit(run(mode).exit_code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }
};

}  // namespace mailpipe::test
