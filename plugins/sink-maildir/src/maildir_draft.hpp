#pragma once

#include "maildir_sink.hpp"

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

// For maildir_*.cpp alone.
namespace mailpipe::maildir {

/// A file system without hard links, or a file with too many.
inline bool no_more_links(int result) {
  return result == -EMLINK || result == -EXDEV || result == -EPERM || result == -EOPNOTSUPP ||
         result == -ENOSYS;
}

/// A file in tmp/ that goes away again unless it is kept.
class MaildirSink::Draft {
 public:
  /// `file` is not open when there is no tmp/ any more.
  Draft(Fs& fs, Folder& folder, std::string name)
      : location_{folder.location, Sub::Tmp, std::move(name)},
        tmp_(folder.sub(Sub::Tmp).fd()) {
    const std::string path = folder.sub(Sub::Tmp).path() + "/" + location_.name;
    const int fd = fs.openat(tmp_, location_.name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && fd != -ENOENT) {
      throw_errno(fd, "cannot make the file", path);
    }
    fs_ = fd < 0 ? nullptr : &fs;
    file = File(fs, fd, path);
  }

  Draft(Draft&& other) noexcept
      : file(std::move(other.file)),
        fs_(std::exchange(other.fs_, nullptr)),
        location_(std::move(other.location_)),
        tmp_(other.tmp_) {}

  Draft& operator=(Draft&&) = delete;

  ~Draft() {
    if (fs_ != nullptr) {
      fs_->unlinkat(tmp_, location_.name.c_str(), 0);  // what stays behind is swept later
    }
  }

  void kept() noexcept { fs_ = nullptr; }

  std::string token() const { return location_.text(); }

  File file;

 private:
  Fs* fs_ = nullptr;
  Location location_;
  int tmp_;
};

}  // namespace mailpipe::maildir
