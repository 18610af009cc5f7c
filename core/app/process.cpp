#include "process.hpp"

#include "run/cancellation.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace mailpipe::app {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

using Cancellations = std::vector<run::Cancellation*>;

std::atomic<const Cancellations*> current{nullptr};
static_assert(std::atomic<const Cancellations*>::is_always_lock_free, "used in a signal handler");

void on_signal(int signal) {
  if (const Cancellations* all = current.load(); all != nullptr) {
    for (run::Cancellation* cancellation : *all) {
      cancellation->raise_from_signal(signal);
    }
  }
}

/// A file opened while 0, 1 or 2 is closed would take its number, and the next log line would go into it.
void fill_standard_files() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR);  // NOLINT: without O_CLOEXEC, as standard files are
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) {
    ::close(fd);
  }
}

/// nohup and disown ignore SIGHUP for us: the run is to outlive the terminal.
bool is_ignored(int signal) {
  struct sigaction action {};

  return signal == SIGHUP && ::sigaction(signal, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

void handle(void (*handler)(int)) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) {
    if (!is_ignored(signal)) {
      ::sigaction(signal, &action, nullptr);
    }
  }
}

/// Message bodies are made on one thread and freed on another. Left to itself glibc gives each thread a heap that keeps
/// what was once used, and raises the size from which memory goes back at once to that of the largest block ever freed.
void keep_memory_small() {
#ifdef __GLIBC__
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
#endif
}

}  // namespace

namespace {

/// Each body that memory has no room for is a file of its own, and servers lie about sizes.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 4096));
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

void prepare_process() {
  fill_standard_files();
  keep_memory_small();
  allow_many_files();
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  if (::secure_getenv("MAILPIPE_ALLOW_CORE") == nullptr) {  // for debugging
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
}

SignalGuard::SignalGuard(run::Cancellation& cancellation)
    : SignalGuard(std::vector{&cancellation}) {}

SignalGuard::SignalGuard(std::vector<run::Cancellation*> cancellations)
    : cancellations_(std::move(cancellations)) {
  current = &cancellations_;
  handle(on_signal);
}

SignalGuard::~SignalGuard() {
  handle(SIG_DFL);
  current = nullptr;
}

}  // namespace mailpipe::app
