#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What a program printed and how it ended; 128 + n when signal n ended it.
struct Finished {
  int exit_code = -1;
  bool dumped_core = false;
  long peak_kib =
      0;  ///< the most memory that it held; at least what the test itself held at its start
  std::string out, err;
};

using Environment = std::map<std::string, std::string>;

/// A program that runs beside the test, standard input empty, its output kept.
///
/// Life cycle  start; perhaps signal(); wait() once. A program still running at the end is killed.
class Process {
 public:
  /// `environment` is added to ours.
  explicit Process(std::vector<std::string> words, const Environment& environment = {}) {
    for (auto& ends : pipes_) {
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe2 failed");
      }
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes_[0][1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes_[1][1], 2);
    std::vector<std::string> variables = merged(environment);
    const int failed = ::posix_spawn(&pid_, words.front().c_str(), &actions, nullptr,
                                     pointers(words).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    for (auto& ends : pipes_) {
      ::close(ends[1]);
    }
    if (failed != 0) {
      throw std::runtime_error("cannot start " + words.front());
    }
  }

  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    for (auto& ends : pipes_) {
      ::close(ends[0]);
    }
  }

  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const noexcept { return pid_; }

  void signal(int number) const { ::kill(pid_, number); }

  /// Reads standard error until that was printed. False: it ended before.
  bool wait_for_error_line(const std::string& part) {
    while (printed_.err.find(part) == std::string::npos) {
      if (!read_some(pipes_[1][0], printed_.err)) {
        return false;
      }
    }
    return true;
  }

  /// Reads what it prints until both ends are closed, then waits for its end.
  Finished wait() {
    Finished out = std::move(printed_);
    std::array<std::string*, 2> texts{&out.out, &out.err};
    std::array<pollfd, 2> ends{pollfd{pipes_[0][0], POLLIN, 0}, pollfd{pipes_[1][0], POLLIN, 0}};
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
      ::poll(ends.data(), ends.size(), -1);
      for (std::size_t i = 0; i < ends.size(); ++i) {
        if (ends[i].revents != 0 && !read_some(ends[i].fd, *texts[i])) {
          ends[i].fd = -1;
        }
      }
    }
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    out.peak_kib = used.ru_maxrss;
    out.dumped_core = WIFSIGNALED(status) && WCOREDUMP(status);
    out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return out;
  }

 private:
  static bool read_some(int fd, std::string& text) {
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return n > 0 || (n < 0 && errno == EINTR);
  }

  static std::vector<std::string> merged(const Environment& environment) {
    std::vector<std::string> out;
    for (char** one = environ; *one != nullptr; ++one) {
      const std::string entry = *one;
      if (environment.count(entry.substr(0, entry.find('='))) == 0) {
        out.push_back(entry);
      }
    }
    for (const auto& [name, value] : environment) {
      out.push_back(name + "=" + value);
    }
    return out;
  }

  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> out;
    for (std::string& word : words) {
      out.push_back(word.data());
    }
    out.push_back(nullptr);
    return out;
  }

  pid_t pid_ = -1;
  Finished printed_;  ///< read before wait()
  std::array<std::array<int, 2>, 2> pipes_{};
};

/// Runs a program to its end.
inline Finished run_process(std::vector<std::string> words, const Environment& environment = {}) {
  return Process(std::move(words), environment).wait();
}

}  // namespace mailpipe::test
