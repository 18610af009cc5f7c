#include "isolated.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace mailpipe::app {

namespace {

using Clock = std::chrono::steady_clock;

void write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n <= 0 && errno != EINTR) {
      return;
    }
    at += n > 0 ? static_cast<std::size_t>(n) : 0;
  }
}

[[noreturn]] void run_child(int fd, const std::function<Outcome()>& trial) {
  const Outcome out = trial();
  write_all(fd, static_cast<char>(out.kind) + out.what + '\0' + out.hint);
  ::_exit(0);  // no destructor of a plugin's static objects: only the trial counts
}

/// What the child says until it closes its end; false: the time is up.
bool read_all(int fd, std::string& text, Clock::time_point until) {
  for (std::array<char, 4096> buffer{};;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd ready{fd, POLLIN, 0};
    const int polled = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
    if (polled == 0) {
      return false;
    }
    const ssize_t n = polled < 0 ? -1 : ::read(fd, buffer.data(), buffer.size());
    if (n == 0 || (n < 0 && errno != EINTR)) {
      return true;
    }
    text.append(buffer.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
  }
}

Outcome outcome_of(const std::string& said, int status) {
  if (WIFSIGNALED(status)) {
    return {Outcome::Kind::Failed,
            std::string("the plugin crashed: ") + ::strsignal(WTERMSIG(status)),
            "run it under gdb, or built with -fsanitize=address"};
  }
  if (said.empty()) {
    return {Outcome::Kind::Failed, "the plugin ended the process", "a plugin never calls exit()"};
  }
  const std::size_t end = std::min(said.find('\0'), said.size());
  return {static_cast<Outcome::Kind>(said[0]), said.substr(1, end - 1),
          end < said.size() ? said.substr(end + 1) : std::string()};
}

}  // namespace

Outcome isolated(const std::function<Outcome()>& trial, std::chrono::seconds limit) {
  std::array<int, 2> pipe{};
  std::cout.flush();
  std::fflush(nullptr);
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return {Outcome::Kind::Failed, "cannot make a pipe", ""};
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    run_child(pipe[1], trial);
  }
  ::close(pipe[1]);
  std::string said;
  const bool in_time = child > 0 && read_all(pipe[0], said, Clock::now() + limit);
  ::close(pipe[0]);
  if (child < 0) {
    return {Outcome::Kind::Failed, "cannot start a process", ""};
  }
  if (!in_time) {
    ::kill(child, SIGKILL);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) {
    return {Outcome::Kind::Failed, "did not end within " + std::to_string(limit.count()) + " s",
            "ask Host::cancelled(), poll cancel_fd(), wait with Host::wait()"};
  }
  return outcome_of(said, status);
}

}  // namespace mailpipe::app
