#include "crash/disk_call.hpp"

#include "crash/syscall_tracer.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

namespace mailpipe::test {
namespace {

constexpr std::array<DiskCall, kDiskCalls.size()> kKnown = {{
    {"openat", SYS_openat, DiskCall::Form::FdPath},
    {"mkdirat", SYS_mkdirat, DiskCall::Form::FdPath},
    {"write", SYS_write, DiskCall::Form::Fd},
    {"pwrite64", SYS_pwrite64, DiskCall::Form::Fd},
    {"pwritev", SYS_pwritev, DiskCall::Form::Fd},
    {"fallocate", SYS_fallocate, DiskCall::Form::Fd},
    {"fsync", SYS_fsync, DiskCall::Form::Fd},
    {"fdatasync", SYS_fdatasync, DiskCall::Form::Fd},
    {"syncfs", SYS_syncfs, DiskCall::Form::Fd},
    {"rename", SYS_rename, DiskCall::Form::PathPath},
    {"renameat", SYS_renameat, DiskCall::Form::FdPathFdPath},
    {"renameat2", SYS_renameat2, DiskCall::Form::FdPathFdPath},
    {"link", SYS_link, DiskCall::Form::PathPath},
    {"linkat", SYS_linkat, DiskCall::Form::FdPathFdPath},
    {"unlink", SYS_unlink, DiskCall::Form::Path},
    {"unlinkat", SYS_unlinkat, DiskCall::Form::FdPath},
    {"utimensat", SYS_utimensat, DiskCall::Form::FdPath},
    {"ftruncate", SYS_ftruncate, DiskCall::Form::Fd},
    {"close", SYS_close, DiskCall::Form::Fd},
}};

std::string link_text(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t n = ::readlink(path.c_str(), text.data(), text.size());
  return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : std::string();
}

/// A text in the memory of a stopped thread.
std::string text_at(pid_t thread, unsigned long long address) {
  std::string out;
  std::array<char, 256> part{};
  while (address != 0 && out.size() < PATH_MAX) {
    // Never over the end of a page: the next one may not be there.
    const std::size_t want = std::min<std::size_t>(part.size(), 4096 - address % 4096);
    const iovec local{part.data(), want};
    const iovec remote{reinterpret_cast<void*>(address), want};  // NOLINT
    if (::process_vm_readv(thread, &local, 1, &remote, 1, 0) <= 0) {
      break;
    }
    const std::size_t length = ::strnlen(part.data(), want);
    out.append(part.data(), length);
    if (length < want) {
      break;
    }
    address += want;
  }
  return out;
}

std::string path_at(pid_t thread, unsigned long long fd, unsigned long long address) {
  const std::string path = text_at(thread, address);
  if (!path.empty() && path.front() == '/') {
    return path;
  }
  const std::string proc = "/proc/" + std::to_string(thread);
  const int number = static_cast<int>(fd);
  const std::string folder =
      link_text(number == AT_FDCWD ? proc + "/cwd" : proc + "/fd/" + std::to_string(number));
  return path.empty() ? folder : folder + "/" + path;
}

}  // namespace

const DiskCall* disk_call(long number) {
  const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const DiskCall& known) { return known.number == number; });
  return found == kKnown.end() ? nullptr : &*found;
}

std::vector<long> numbers_of(const std::vector<std::string>& calls) {
  std::vector<long> out;
  for (const DiskCall& known : kKnown) {
    if (std::find(calls.begin(), calls.end(), known.name) != calls.end()) {
      out.push_back(known.number);
    }
  }
  return out;
}

std::vector<std::string> paths_of(pid_t thread, const DiskCall& call,
                                  const user_regs_struct& regs) {
  const auto here = static_cast<unsigned long long>(AT_FDCWD);
  switch (call.form) {
    case DiskCall::Form::Fd:
      return {link_text("/proc/" + std::to_string(thread) + "/fd/" +
                        std::to_string(static_cast<int>(regs.rdi)))};
    case DiskCall::Form::FdPath:
      return {path_at(thread, regs.rdi, regs.rsi)};
    case DiskCall::Form::Path:
      return {path_at(thread, here, regs.rdi)};
    case DiskCall::Form::PathPath:
      return {path_at(thread, here, regs.rdi), path_at(thread, here, regs.rsi)};
    case DiskCall::Form::FdPathFdPath:
      return {path_at(thread, regs.rdi, regs.rsi), path_at(thread, regs.rdx, regs.r10)};
  }
  return {};
}

}  // namespace mailpipe::test
