#include "config/command_output.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace mailpipe::config {
namespace {

class Descriptor {
 public:
  Descriptor() = default;

  explicit Descriptor(int fd) : fd_(fd) {}

  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~Descriptor() { close(); }

  void close() noexcept {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }

  int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

[[noreturn]] void throw_system(const std::string& what, int code) {
  throw Error(ErrorClass::Transient, what + ": " + std::strerror(code));
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw_system("cannot make a pipe", errno);
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<std::string> visible_environment(const std::vector<std::string>& hidden) {
  std::vector<std::string> kept;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(hidden.begin(), hidden.end(), name) == hidden.end()) {
      kept.emplace_back(text);
    }
  }
  return kept;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

struct SpawnAttributes {
  SpawnAttributes() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    sigset_t none;
    sigemptyset(&none);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
      sigaddset(&usual, signal);
    }
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }

  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  ~SpawnAttributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t actions{};
};

pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& hidden,
            const Pipe& out, const Pipe& err) {
  SpawnAttributes how;
  posix_spawn_file_actions_addopen(&how.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&how.actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&how.actions, err.write.get(), STDERR_FILENO);
  std::vector<std::string> arguments = argv;
  std::vector<std::string> environment = visible_environment(hidden);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv.front().c_str(), &how.actions, &how.attributes,
                                 pointers(arguments).data(), pointers(environment).data());
  if (error != 0) {
    throw Error(ErrorClass::Config,
                "cannot run '" + printable(argv.front()) + "': " + std::strerror(error),
                "check the program's name and that it is in PATH");
  }
  return pid;
}

/// Takes what is there now; forgets what is past the limit, so that the program is not stopped by a full pipe.
void drain(const Descriptor& from, std::string& to, std::size_t limit) {
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t got = ::read(from.get(), piece.data(), piece.size());
    if (got <= 0) {
      break;
    }
    to.append(piece.data(), std::min(static_cast<std::size_t>(got), limit - to.size()));
  }
  explicit_bzero(piece.data(), piece.size());
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Whether the process is still running at the deadline.
bool read_until_end(const Descriptor& process, const Pipe& out, const Pipe& err,
                    std::chrono::seconds timeout, CommandOutput& result) {
  constexpr std::size_t kMostOfErrors = 4096;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::array<pollfd, 3> waits{
      {{process.get(), POLLIN, 0}, {out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}}};
  bool ended = false;
  while (!ended) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return true;
    }
    ::poll(waits.data(), waits.size(), static_cast<int>(left.count()));
    ended = waits[0].revents != 0;
    drain(out.read, result.out, kMaxSecret + 1);
    drain(err.read, result.err, kMostOfErrors);
    for (pollfd& wait : waits) {
      if ((wait.revents & POLLHUP) != 0 && (wait.revents & POLLIN) == 0) {
        wait.fd = -1;  // closed by the program, which may still be running
      }
    }
  }
  return false;
}

}  // namespace

CommandOutput run_command(const std::vector<std::string>& argv,
                          const std::vector<std::string>& hidden, std::chrono::seconds timeout) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  CommandOutput result;
  result.out.reserve(kMaxSecret + 1);  // growing would leave copies of the secret behind
  const pid_t pid = spawn(argv, hidden, out, err);
  out.write.close();
  err.write.close();
  // glibc 2.36 declares pidfd_open without extern "C".
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  result.timed_out = process.get() < 0 || read_until_end(process, out, err, timeout, result);
  if (result.timed_out) {
    ::kill(-pid, SIGKILL);
  }
  result.exit_status = wait_for(pid);
  return result;
}

}  // namespace mailpipe::config
