#pragma once

#include <mailpipe/file.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe {

/// How a batch reaches the disk. Auto: one syncfs from kWholeFrom files on, on a local file system.
enum class SyncMode : std::uint8_t { Auto, Syncfs, Fdatasync };

/// The mode that the option `sync` names.
SyncMode sync_mode(const std::string& word);

/// The files of a batch that are written and not yet synced.
///
/// Threads    One.
/// Errors     After a failed sync the kernel may have dropped the data and will not say so again:
///            every later sync fails, too.
/// Durability sync() covers what was added before it. Files stay open until then, so that no error
///            of a write-back is missed; when there are kWholeFrom of them they are closed (Auto,
///            Syncfs: one syncfs will do; it tells of errors since Linux 5.8, else it is not used)
///            or synced at once (Fdatasync). In a run that has had kWholeFrom files already,
///            kWholeThen will do: its last batches may be small, and each sync counts.
class DataSync {
 public:
  static constexpr std::size_t kWholeFrom = 64;
  static constexpr std::size_t kWholeThen = 8;

  /// `folder` lies on the file system of all files and outlives this object.
  DataSync(Fs& fs, const File& folder, SyncMode mode);

  /// The file is written; `name` is for drop().
  void add(const std::string& name, File file);

  /// The file is not wanted any more.
  void drop(const std::string& name);

  void sync();

  /// Whether sync_whole() is to be had: the user did not rule it out, and it tells of errors.
  bool may_sync_whole() const noexcept { return mode_ != SyncMode::Fdatasync; }

  /// Everything on the file system: data, and names in whatever folder. Throws as sync() does.
  void sync_whole();

 private:
  void sync_held();
  void close_held();
  void refuse_if_broken() const;
  [[noreturn]] void fail(int result, const std::string& path);

  Fs& fs_;
  const File& folder_;
  SyncMode mode_;
  std::vector<std::pair<std::string, File>> held_;  ///< written, open, not synced
  std::size_t total_ = 0;
  bool closed_unsynced_ = false;  ///< some were closed: syncfs has to cover them
  bool broken_ = false;
};

/// A sync failed: NoSpace or Permanent, never to be tried again.
[[noreturn]] void throw_sync_failure(int result, const std::string& path);

/// An earlier sync of `path` failed.
[[noreturn]] void throw_broken_sync(const std::string& path);

}  // namespace mailpipe
