#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <string>
#include <vector>

namespace mailpipe::test {

/// One of kDiskCalls, and where it has its descriptors and paths.
struct DiskCall {
  enum class Form { Fd, FdPath, Path, PathPath, FdPathFdPath };

  const char* name;
  long number;
  Form form;
};

/// Null: it is none of them.
const DiskCall* disk_call(long number);

std::vector<long> numbers_of(const std::vector<std::string>& calls);

/// The paths that a call is about whose entry a thread is stopped at.
std::vector<std::string> paths_of(pid_t thread, const DiskCall& call, const user_regs_struct& regs);

}  // namespace mailpipe::test
