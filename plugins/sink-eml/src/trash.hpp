#pragma once

#include <mailpipe/file.hpp>

#include <chrono>
#include <string>

namespace mailpipe::eml {

/// Where a run puts what it removes: `<root>.mailpipe-trash/<YYYYMMDD_HHMMSS of the run>/`, beside the root, so that
/// readers of the root do not find it, and on the same file system.
///
/// Life cycle   The folders are made with the first file.
/// Threads      One at a time.
/// Errors       As throw_errno. Nothing in the trash is ever replaced.
/// Durability   After sync(), before the root itself is synced.
class Trash {
 public:
  Trash(Fs& fs, std::string root_path, std::chrono::sys_seconds run);

  /// Moves `name` out of `root`.
  void take(const File& root, const std::string& name);

  /// Returns 0 or -errno, as Fs::fsync does.
  int sync() noexcept;

 private:
  Fs& fs_;
  std::string path_;  ///< of the trash, all runs
  std::string run_;
  File folder_;  ///< of this run; open once something lies in it
  bool changed_ = false;
};

}  // namespace mailpipe::eml
