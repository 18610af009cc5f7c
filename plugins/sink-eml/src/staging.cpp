#include "staging.hpp"

#include "root_folder.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <random>

namespace mailpipe::eml {
namespace {

constexpr std::string_view kPrefix = "mp-";

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

/// One folder beneath the root, ours alone.
File open_folder(Fs& fs, const File& root) {
  const std::string path = root.path() + "/" + Staging::kFolder;
  const int made = fs.mkdirat(root.fd(), Staging::kFolder, 0700);
  if (made < 0 && made != -EEXIST) {
    throw_errno(made, "cannot make the folder", path);
  }
  const int fd =
      fs.openat(root.fd(), Staging::kFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  File folder(fs, fd, path);
  refuse_if_others_may_write(fs, folder);
  return folder;
}

std::string draw_prefix() {
  std::random_device random;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return std::string(kPrefix) + text.data() + "-";
}

}  // namespace

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

StagingFile::~StagingFile() {
  if (staging_ != nullptr) {
    staging_->forget(token_);
  }
}

Staging::Staging(Fs& fs, const File& root, SyncMode mode)
    : fs_(fs),
      folder_(open_folder(fs, root)),
      mode_(mode),
      prefix_(draw_prefix()) {
  if (!is_local(folder_.fd()) || !syncfs_tells_of_errors()) {
    mode_ = SyncMode::Fdatasync;
  }
}

StagingFile Staging::create() {
  std::string token = prefix_ + std::to_string(++next_);
  const int fd = fs_.openat(folder_.fd(), token.c_str(),
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot make the file", path_of(token));
  }
  File file(fs_, fd, path_of(token));
  return {*this, std::move(token), std::move(file)};
}

void Staging::finish(StagingFile file) {
  const bool full = held_.size() + 1 >= kWholeFrom;
  if (full && mode_ == SyncMode::Fdatasync) {
    sync_held();
  }
  if (full && mode_ == SyncMode::Auto) {
    close_held();
    closed_unsynced_ = true;
  }
  if (mode_ == SyncMode::Syncfs || closed_unsynced_) {
    closed_unsynced_ = true;
    file.file_.close();
  } else {
    held_.emplace_back(file.token_, std::move(file.file_));
  }
  file.staging_ = nullptr;
}

void Staging::sync() {
  if (broken_) {
    throw Error(ErrorClass::Permanent,
                "an earlier sync of '" + folder_.path() + "' failed, and nothing after it is sure",
                "check the disk, then run again");
  }
  if (closed_unsynced_) {
    const int result = fs_.syncfs(folder_.fd());
    if (result < 0) {
      fail_sync(result, folder_.path());
    }
    closed_unsynced_ = false;
  }
  sync_held();
}

void Staging::close_held() {
  broken_ = true;  // unless every one closes well
  for (auto& [token, held] : held_) {
    held.close();
  }
  held_.clear();
  broken_ = false;
}

void Staging::sync_held() {
  for (auto& [token, file] : held_) {
    const int result = fs_.fdatasync(file.fd());
    if (result < 0) {
      fail_sync(result, path_of(token));
    }
    file.close();
  }
  held_.clear();
}

void Staging::fail_sync(int result, const std::string& path) {
  broken_ = true;
  throw_sync_failure(result, path);
}

void Staging::remove(const std::string& token) {
  std::erase_if(held_, [&](const auto& held) { return held.first == token; });
  const int result = fs_.unlinkat(folder_.fd(), token.c_str(), 0);
  if (result < 0 && result != -ENOENT) {
    throw_errno(result, "cannot remove", path_of(token));
  }
}

void Staging::forget(const std::string& token) noexcept {
  // What stays behind is swept by the next run.
  fs_.unlinkat(folder_.fd(), token.c_str(), 0);
}

void Staging::sweep(Host& host, const std::function<bool(const std::string&)>& keep) {
  std::vector<std::string> names;
  const int listed =
      fs_.list(folder_.fd(), [&](std::string_view name) { names.emplace_back(name); });
  if (listed < 0) {
    throw_errno(listed, "cannot list", folder_.path());
  }
  for (const std::string& name : names) {
    if (!is_token(name)) {
      host.log(LogLevel::Warn, "'" + path_of(name) + "' is not ours and stays");
    } else if (!keep(name)) {
      remove(name);
    }
  }
}

bool Staging::is_token(std::string_view token) {
  return token.starts_with(kPrefix) &&
         token.find_first_not_of("0123456789abcdef-", kPrefix.size()) == std::string_view::npos;
}

}  // namespace mailpipe::eml
