#include "crash/syscall_tracer.hpp"

#include "crash/disk_call.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace mailpipe::test {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Stops at these calls; all others cost nothing.
std::vector<sock_filter> filter(const std::vector<long>& calls) {
  const auto count = static_cast<unsigned char>(calls.size());
  std::vector<sock_filter> out = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                                  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0,
                                           static_cast<unsigned char>(count + 1)),
                                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (unsigned char i = 0; i < count; ++i) {
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(calls.at(i)),
                           static_cast<unsigned char>(count - i), 0));
  }
  out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (std::string& word : words) {
    out.push_back(word.data());
  }
  out.push_back(nullptr);
  return out;
}

/// R, S, D, t: see proc(5), stat.
char state_of(const std::filesystem::path& task) {
  std::ifstream file(task / "stat");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = line.rfind(')');
  return name_end + 2 < line.size() ? line[name_end + 2] : 'S';  // it has ended
}

/// A file in memory for what the program prints.
class Printed {
 public:
  Printed() : fd_(::memfd_create("printed", MFD_CLOEXEC)) {
    if (fd_ < 0) {
      fail("memfd_create");
    }
  }

  ~Printed() { ::close(fd_); }

  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;

  int fd() const noexcept { return fd_; }

  std::string text() const {
    std::string out(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    const ssize_t n = ::pread(fd_, out.data(), out.size(), 0);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
  }

 private:
  int fd_;
};

/// One run.
class Tracing {
 public:
  Tracing(const std::filesystem::path& scope, std::optional<Fault> fault,
          std::function<void()> fired)
      : scope_(scope.string() + "/"),
        fault_(std::move(fault)),
        fired_(std::move(fired)) {}

  TracedEnd run(std::vector<std::string>& words, std::vector<std::string>& environment,
                const std::vector<std::string>& counted) {
    start(words, environment, filter(numbers_of(counted)));
    int status = 0;
    for (;;) {
      const int flags = held_ ? WNOHANG : 0;
      const pid_t thread = ::waitpid(-1, &status, __WALL | __WNOTHREAD | flags);
      if (thread < 0 && errno == EINTR) {
        continue;
      }
      if (thread == 0) {
        let_go_when_quiet();
        continue;
      }
      looks_ = 0;
      if (thread < 0) {
        break;  // ECHILD: all are gone
      }
      if (!WIFSTOPPED(status)) {
        if (thread == child_) {
          end_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        continue;
      }
      stopped(thread, status);
    }
    end_.out = out_.text();
    end_.err = err_.text();
    return std::move(end_);
  }

 private:
  void start(std::vector<std::string>& words, std::vector<std::string>& environment,
             std::vector<sock_filter> program) {
    const std::vector<char*> arguments = pointers(words);
    const std::vector<char*> variables = pointers(environment);
    const sock_fprog fprog{static_cast<unsigned short>(program.size()), program.data()};
    child_ = ::fork();
    if (child_ == 0) {  // plain system calls only: other threads of ours hold locks
      ::dup2(out_.fd(), 1);
      ::dup2(err_.fd(), 2);
      ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog, 0, 0);
      ::alarm(SyscallTracer::kDeadlineSeconds);
      ::execve(arguments.front(), arguments.data(), variables.data());
      ::_exit(127);
    }
    if (child_ < 0) {
      fail("fork");
    }
    int status = 0;
    if (::waitpid(child_, &status, __WALL) != child_ || !WIFSTOPPED(status)) {
      throw std::runtime_error("the program could not be traced");
    }
    const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL |
                         PTRACE_O_TRACESYSGOOD;
    if (::ptrace(PTRACE_SETOPTIONS, child_, nullptr, options) != 0) {
      fail("ptrace");
    }
    ::ptrace(PTRACE_CONT, child_, nullptr, nullptr);
  }

  void stopped(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
      at_call(thread);
    } else if (signal == (SIGTRAP | 0x80)) {
      after_close(thread);
    } else if (event != 0 || signal == SIGSTOP || signal == SIGTRAP) {
      ::ptrace(PTRACE_CONT, thread, nullptr, nullptr);  // a new thread, or exec
    } else {
      ::ptrace(PTRACE_CONT, thread, nullptr, signal);
    }
  }

  void at_call(pid_t thread) {
    user_regs_struct regs{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &regs) != 0) {
      return;  // it was killed meanwhile
    }
    const DiskCall* call = disk_call(static_cast<long>(regs.orig_rax));
    if (call != nullptr) {
      const std::vector<std::string> paths = paths_of(thread, *call, regs);
      const bool ours = std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
        return (path + "/").rfind(scope_, 0) == 0;
      });
      ++end_.calls[call->name];
      end_.ours_of[call->name] += ours ? 1 : 0;
      if (fault_ && due(*call, ours)) {
        if (remember(*call, paths, ours) && fired_) {
          held_ = Held{thread, regs};
        } else {
          inject(thread, regs);
        }
        return;
      }
    }
    ::ptrace(PTRACE_CONT, thread, nullptr, nullptr);
  }

  bool due(const DiskCall& call, bool ours) {
    if (fault_->ours_only && !ours) {
      return false;
    }
    const std::size_t now =
        fault_->ours_only ? end_.ours_of.at(call.name) : end_.calls.at(call.name);
    return now == fault_->nth || (fault_->lasts && now > fault_->nth);
  }

  /// Whether it is the first one.
  bool remember(const DiskCall& call, const std::vector<std::string>& paths, bool ours) {
    if (end_.fired) {
      return false;
    }
    end_.fired = true;
    end_.ours = ours;
    end_.call = call.name;
    for (const std::string& path : paths) {
      end_.call += " " + path;
    }
    return true;
  }

  // What other threads were still doing when the call came is not what comes of it.
  void let_go_when_quiet() {
    ::usleep(kLookMicroseconds);
    looks_ = others_sleep() ? looks_ + 1 : 0;
    if (looks_ < kQuietLooks && ++all_looks_ < kMostLooks) {
      return;
    }
    const Held held = *std::exchange(held_, std::nullopt);
    fired_();
    inject(held.thread, held.regs);
  }

  bool others_sleep() const {
    std::error_code gone;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(child_) + "/task", gone)) {
      if (task.path().filename() != std::to_string(held_->thread) && state_of(task.path()) != 'S') {
        return false;
      }
    }
    return true;
  }

  void inject(pid_t thread, user_regs_struct regs) {
    if (fault_->kind == Fault::Kind::Kill) {
      ::kill(child_, SIGKILL);
      return;
    }
    if (fault_->kind == Fault::Kind::Short) {
      regs.rdx = regs.rdx > 1 ? regs.rdx / 2 : regs.rdx;
    } else if (fault_->call == "close") {
      closing_.insert(thread);  // Linux closes the descriptor, whatever it says
      ::ptrace(PTRACE_SYSCALL, thread, nullptr, nullptr);
      return;
    } else {
      regs.orig_rax = ~0ULL;
      regs.rax = static_cast<unsigned long long>(-static_cast<long long>(fault_->error));
    }
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &regs);
    ::ptrace(PTRACE_CONT, thread, nullptr, nullptr);
  }

  void after_close(pid_t thread) {
    user_regs_struct regs{};
    if (closing_.erase(thread) != 0 && ::ptrace(PTRACE_GETREGS, thread, nullptr, &regs) == 0) {
      regs.rax = static_cast<unsigned long long>(-static_cast<long long>(fault_->error));
      ::ptrace(PTRACE_SETREGS, thread, nullptr, &regs);
    }
    ::ptrace(PTRACE_CONT, thread, nullptr, nullptr);
  }

  struct Held {
    pid_t thread;
    user_regs_struct regs;
  };

  static constexpr unsigned kLookMicroseconds = 2000;
  static constexpr int kQuietLooks = 3, kMostLooks = 1000;

  const std::string scope_;
  const std::optional<Fault> fault_;
  const std::function<void()> fired_;
  std::optional<Held> held_;  ///< its call is due, and waits until all others are quiet
  int looks_ = 0, all_looks_ = 0;
  Printed out_, err_;
  pid_t child_ = -1;
  std::set<pid_t> closing_;
  TracedEnd end_;
};

}  // namespace

TracedEnd SyscallTracer::run(std::vector<std::string> words, std::vector<std::string> environment,
                             const std::optional<Fault>& fault,
                             const std::function<void()>& fired) const {
  const std::vector<std::string> counted =
      fault ? std::vector<std::string>{fault->call} : std::vector<std::string>();
  return Tracing(scope_, fault, fired).run(words, environment, counted);
}

TracedEnd SyscallTracer::count(std::vector<std::string> words,
                               std::vector<std::string> environment) const {
  return Tracing(scope_, std::nullopt, {})
      .run(words, environment, {kDiskCalls.begin(), kDiskCalls.end()});
}

}  // namespace mailpipe::test
