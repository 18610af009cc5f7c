#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/fs.hpp>

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace mailpipe {

/// Turns a failed file operation (`result` = -errno) into an Error; the one place that maps errno
/// to a class.
[[noreturn]] inline void throw_errno(int result, std::string_view what, std::string_view path) {
  const int code = -result;
  std::string line(what);
  line.append(" '").append(path).append("': ").append(
      std::strerror(code));  // NOLINT(concurrency-mt-unsafe): glibc's is
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      throw Error(ErrorClass::NoSpace, line, "free some space and run again; nothing is lost");
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      throw Error(ErrorClass::Config, line,
                  "check that the folder exists and that you may write to it");
    case EMFILE:
    case ENFILE:
      throw Error(ErrorClass::Transient, line, "raise the limit of open files (ulimit -n)");
    case ENOMEM:
      throw Error(ErrorClass::Transient, line);
    default:
      throw Error(ErrorClass::Permanent, line);
  }
}

/// An open file or directory. Move-only; closes at the end of its life.
class File {
 public:
  File() noexcept = default;

  File(Fs& fs, int fd, std::string path) noexcept : fs_(&fs), fd_(fd), path_(std::move(path)) {}

  File(File&& other) noexcept
      : fs_(other.fs_),
        fd_(std::exchange(other.fd_, -1)),
        path_(std::move(other.path_)) {}

  File& operator=(File&& other) noexcept {
    if (this != &other) {
      reset();
      fs_ = other.fs_;
      fd_ = std::exchange(other.fd_, -1);
      path_ = std::move(other.path_);
    }
    return *this;
  }

  ~File() { reset(); }

  int fd() const noexcept { return fd_; }

  bool is_open() const noexcept { return fd_ >= 0; }

  const std::string& path() const noexcept { return path_; }

  /// Writes all of it, however short the single writes are.
  void write_all(std::string_view data) {
    while (!data.empty()) {
      const std::int64_t n = fs_->write(fd_, data.data(), data.size());
      if (n == -EINTR) {
        continue;
      }
      if (n <= 0) {
        throw_errno(n == 0 ? -EIO : static_cast<int>(n), "cannot write", path_);
      }
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  void sync_data() { check(fs_->fdatasync(fd_), "cannot sync"); }

  void sync() { check(fs_->fsync(fd_), "cannot sync"); }

  void set_mtime(std::int64_t seconds) {
    check(fs_->set_mtime(fd_, seconds), "cannot set the time of");
  }

  /// Closes and tells of what close() alone finds out (NFS, quotas).
  void close() {
    const int fd = std::exchange(fd_, -1);
    if (fd >= 0) {
      check(fs_->close(fd), "cannot close");
    }
  }

 private:
  void check(int result, const char* what) const {
    if (result < 0) {
      throw_errno(result, what, path_);
    }
  }

  void reset() noexcept {
    if (fd_ >= 0) {
      fs_->close(std::exchange(fd_, -1));
    }
  }

  Fs* fs_ = nullptr;
  int fd_ = -1;
  std::string path_;
};

/// Opens a directory, following no symbolic link in its last component; relative to `dir` (or
/// AT_FDCWD).
inline File open_dir(Fs& fs, int dir, const std::string& path) {
  const int fd = fs.openat(dir, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  return {fs, fd, path};
}

}  // namespace mailpipe
