#pragma once

#include <filesystem>
#include <string>

namespace mailpipe::state {

/// One run at a time for one state folder. The kernel lets go of it when the process ends, however it ends.
class Lock {
 public:
  /// Throws Error(Transient) that says who holds it.
  explicit Lock(const std::filesystem::path& state_dir);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

}  // namespace mailpipe::state
