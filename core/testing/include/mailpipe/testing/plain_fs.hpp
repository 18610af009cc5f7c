#pragma once

#include <mailpipe/fs.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string_view>

namespace mailpipe::test {

/// Plain system calls, for the files of a test. The engine's own Fs also knows file systems without renameat2().
class PlainFs final : public Fs {
 public:
  int openat(int dir, const char* path, int flags, unsigned mode) noexcept override {
    return told(::openat(dir, path, flags | O_CLOEXEC, mode));
  }

  int close(int fd) noexcept override { return told(::close(fd)); }

  int mkdirat(int dir, const char* path, unsigned mode) noexcept override {
    return told(::mkdirat(dir, path, mode));
  }

  std::int64_t write(int fd, const void* data, std::size_t n) noexcept override {
    return told(::write(fd, data, n));
  }

  std::int64_t pwrite(int fd, const void* data, std::size_t n,
                      std::uint64_t offset) noexcept override {
    return told(::pwrite(fd, data, n, static_cast<off_t>(offset)));
  }

  std::int64_t pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept override {
    return told(::pread(fd, data, n, static_cast<off_t>(offset)));
  }

  int fdatasync(int fd) noexcept override { return told(::fdatasync(fd)); }

  int fsync(int fd) noexcept override { return told(::fsync(fd)); }

  int syncfs(int fd) noexcept override { return told(::syncfs(fd)); }

  int rename_noreplace(int from_dir, const char* from, int to_dir,
                       const char* to) noexcept override {
    return told(::renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE));
  }

  int rename(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return told(::renameat(from_dir, from, to_dir, to));
  }

  int linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return told(::linkat(from_dir, from, to_dir, to, 0));
  }

  int unlinkat(int dir, const char* path, int flags) noexcept override {
    return told(::unlinkat(dir, path, flags));
  }

  int ftruncate(int fd, std::uint64_t size) noexcept override {
    return told(::ftruncate(fd, static_cast<off_t>(size)));
  }

  int set_mtime(int fd, std::int64_t seconds) noexcept override {
    const std::array<timespec, 2> times{
        {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = 0}}};
    return told(::futimens(fd, times.data()));
  }

  int stat(int dir, const char* path, FileInfo& out) noexcept override {
    struct stat info {};

    const int result = told(::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
    if (result >= 0) {
      out = {
          info.st_mode,  info.st_dev,         info.st_ino, static_cast<std::uint64_t>(info.st_size),
          info.st_nlink, info.st_mtim.tv_sec, info.st_uid, info.st_gid};
    }
    return result;
  }

  int list(int dir, const std::function<void(std::string_view)>& name) noexcept override {
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (stream == nullptr) {
      return -errno;
    }
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view text(static_cast<const char*>(entry->d_name));
      if (text != "." && text != "..") {
        name(text);
      }
    }
    return told(::closedir(stream));
  }

 private:
  template <class Result>
  static Result told(Result result) noexcept {
    return result < 0 ? static_cast<Result>(-errno) : result;
  }
};

}  // namespace mailpipe::test
