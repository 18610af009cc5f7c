#include "data_sync.hpp"

#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace mailpipe {
namespace {

/// Since 5.8 syncfs() reports what a write-back could not write (syncfs(2)).
bool syncfs_tells_of_errors() {
  utsname name{};
  unsigned major = 0;
  unsigned minor = 0;
  if (::uname(&name) != 0 ||
      std::sscanf(static_cast<const char*>(name.release), "%u.%u", &major, &minor) != 2) {
    return false;
  }
  return major > 5 || (major == 5 && minor >= 8);
}

/// File systems on a disk of this machine. Whatever is not listed (NFS, FUSE, 9p, overlays) may
/// answer to syncfs without doing it.
bool is_local(int fd) {
  constexpr std::array<unsigned long, 6> kLocal = {EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,
                                                   BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
                                                   TMPFS_MAGIC,       0x2FC12FC1 /* ZFS */};

  struct statfs info {};

  return ::fstatfs(fd, &info) == 0 &&
         std::find(kLocal.begin(), kLocal.end(), static_cast<unsigned long>(info.f_type)) !=
             kLocal.end();
}

}  // namespace

SyncMode sync_mode(const std::string& word) {
  if (word == "syncfs") {
    return SyncMode::Syncfs;
  }
  return word == "fdatasync" ? SyncMode::Fdatasync : SyncMode::Auto;
}

void throw_sync_failure(int result, const std::string& path) {
  const bool full = result == -ENOSPC || result == -EDQUOT || result == -EFBIG;
  if (full) {
    throw_errno(result, "cannot sync", path);
  }
  throw Error(ErrorClass::Permanent,
              "cannot sync '" + path +
                  "': " + std::strerror(-result),  // NOLINT(concurrency-mt-unsafe): glibc's is
              "check the disk, then run again; nothing of this batch is counted as stored");
}

void throw_broken_sync(const std::string& path) {
  throw Error(ErrorClass::Permanent,
              "an earlier sync of '" + path + "' failed, and nothing after it is sure",
              "check the disk, then run again");
}

DataSync::DataSync(Fs& fs, const File& folder, SyncMode mode)
    : fs_(fs),
      folder_(folder),
      mode_(mode) {
  if (!is_local(folder_.fd()) || !syncfs_tells_of_errors()) {
    mode_ = SyncMode::Fdatasync;
  }
}

void DataSync::add(const std::string& name, File file) {
  const std::size_t most =
      mode_ == SyncMode::Auto && ++total_ > kWholeFrom ? kWholeThen : kWholeFrom;
  const bool full = held_.size() + 1 >= most;
  if (full && mode_ == SyncMode::Fdatasync) {
    sync_held();
  }
  if (full && mode_ == SyncMode::Auto) {
    close_held();
    closed_unsynced_ = true;
  }
  if (mode_ == SyncMode::Syncfs || closed_unsynced_) {
    closed_unsynced_ = true;
    file.close();
  } else {
    held_.emplace_back(name, std::move(file));
  }
}

void DataSync::drop(const std::string& name) {
  std::erase_if(held_, [&](const auto& held) { return held.first == name; });
}

void DataSync::refuse_if_broken() const {
  if (broken_) {
    throw_broken_sync(folder_.path());
  }
}

void DataSync::sync() {
  refuse_if_broken();
  if (closed_unsynced_) {
    sync_whole();
  }
  sync_held();
}

void DataSync::sync_whole() {
  refuse_if_broken();
  const int result = fs_.syncfs(folder_.fd());
  if (result < 0) {
    fail(result, folder_.path());
  }
  closed_unsynced_ = false;
}

void DataSync::close_held() {
  broken_ = true;  // unless every one closes well
  for (auto& [name, held] : held_) {
    held.close();
  }
  held_.clear();
  broken_ = false;
}

void DataSync::sync_held() {
  for (auto& [name, file] : held_) {
    const int result = fs_.fdatasync(file.fd());
    if (result < 0) {
      fail(result, file.path());
    }
    file.close();
  }
  held_.clear();
}

void DataSync::fail(int result, const std::string& path) {
  broken_ = true;
  throw_sync_failure(result, path);
}

}  // namespace mailpipe
