#include "cancellation.hpp"

#include <mailpipe/error.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>

namespace mailpipe::run {

namespace {

int make_event() {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    throw Error(ErrorClass::Transient, "cannot make an event descriptor");
  }
  return fd;
}

void set(int fd) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace

Cancellation::Cancellation() : drain_fd_(make_event()), abort_fd_(make_event()) {}

Cancellation::~Cancellation() {
  ::close(drain_fd_);
  ::close(abort_fd_);
}

void Cancellation::raise(Cancel level) noexcept {
  const int wanted = static_cast<int>(level);
  int now = level_.load();
  while (now < wanted && !level_.compare_exchange_weak(now, wanted)) {
  }
  if (level >= Cancel::Drain) {
    set(drain_fd_);
  }
  if (level >= Cancel::Abort) {
    set(abort_fd_);
  }
}

void Cancellation::raise_from_signal(int signal) noexcept {
  const int saved = errno;
  int none = 0;
  signal_.compare_exchange_strong(none, signal);
  raise(level() == Cancel::Running ? Cancel::Drain : Cancel::Abort);
  errno = saved;
}

bool Cancellation::wait(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + std::max(time, std::chrono::milliseconds(0));
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())
            .count();
    if (level() != Cancel::Running) {
      return false;
    }
    if (left <= 0) {
      return true;
    }
    pollfd wake{drain_fd_, POLLIN, 0};
    ::poll(&wake, 1,
           static_cast<int>(std::min<std::int64_t>(left, std::numeric_limits<int>::max())));
  }
}

}  // namespace mailpipe::run
