#include "process.hpp"

#include "run/cancellation.hpp"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>

namespace mailpipe::app {

namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};

std::atomic<run::Cancellation*> current{nullptr};
static_assert(std::atomic<run::Cancellation*>::is_always_lock_free, "used in a signal handler");

void on_signal(int signal) {
  if (run::Cancellation* cancellation = current.load(); cancellation != nullptr) {
    cancellation->raise_from_signal(signal);
  }
}

void handle(void (*handler)(int)) {
  struct sigaction action {};

  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) {
    ::sigaction(signal, &action, nullptr);
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

void prepare_process() {
  keep_memory_small();
  ::umask(077);
  std::signal(SIGPIPE, SIG_IGN);
  if (::secure_getenv("MAILPIPE_ALLOW_CORE") == nullptr) {  // for debugging
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
}

SignalGuard::SignalGuard(run::Cancellation& cancellation) {
  current = &cancellation;
  handle(on_signal);
}

SignalGuard::~SignalGuard() {
  handle(SIG_DFL);
  current = nullptr;
}

}  // namespace mailpipe::app
