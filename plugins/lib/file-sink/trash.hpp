#pragma once

#include <mailpipe/file.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace mailpipe {

/// Where a run puts what it removes: `<root>.mailpipe-trash/<YYYYMMDD_HHMMSS of the run>/`, beside the root, so that
/// readers of the root do not find it, and on the same file system.
///
/// Life cycle   The folders are made with the first file.
/// Threads      One at a time.
/// Errors       As throw_errno. Nothing in the trash is ever replaced.
/// Durability   After sync(), before the folder is synced that the file was taken from; or after
///              one syncfs that covers both, then synced() says so.
class Trash {
 public:
  Trash(Fs& fs, std::string root_path, std::chrono::sys_seconds run);

  /// Moves `name` out of `from`, into the folder of those names beneath that of the run.
  void take(const File& from, const std::string& name, const std::vector<std::string>& folder = {});

  /// How many syncs sync() is.
  std::size_t unsynced() const;

  /// Returns 0 or -errno, as Fs::fsync does.
  int sync() noexcept;

  void synced() noexcept;

 private:
  struct Folder {
    File file;
    bool changed = false;
  };

  Folder& open_run();
  Folder& open_folder(const std::vector<std::string>& folder);

  Fs& fs_;
  std::string path_;  ///< of the trash, all runs
  std::string run_;
  std::map<std::string, Folder> folders_;  ///< open, by their path beneath that of the run
};

}  // namespace mailpipe
