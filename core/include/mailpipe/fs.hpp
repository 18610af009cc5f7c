#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace mailpipe {

/// What stat() tells of a file. Never follows a symbolic link.
struct FileInfo {
  std::uint32_t mode = 0;  ///< st_mode
  std::uint64_t device = 0, inode = 0, size = 0, links = 0;
  std::int64_t mtime = 0;  ///< seconds since the epoch
  std::uint32_t uid = 0, gid = 0;
};

/// The seam through which engine and sinks touch files, so that a test double can drop what was
/// never synced.
///
/// Threads  Any, at once.
/// Errors   Returns a value >= 0 or -errno; never throws. The RAII layer above (file.hpp) throws.
/// Paths    Relative to an open directory; descriptors are the operating system's.
class Fs {
 public:
  virtual ~Fs() = default;
  virtual int openat(int dir, const char* path, int flags, unsigned mode) noexcept = 0;
  virtual int close(int fd) noexcept = 0;
  virtual int mkdirat(int dir, const char* path, unsigned mode) noexcept = 0;
  virtual std::int64_t write(int fd, const void* data,
                             std::size_t n) noexcept = 0;  ///< may be short
  virtual std::int64_t pwrite(int fd, const void* data, std::size_t n,
                              std::uint64_t offset) noexcept = 0;
  virtual std::int64_t pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept = 0;
  virtual int fdatasync(int fd) noexcept = 0;
  virtual int fsync(int fd) noexcept = 0;   ///< of a directory: its names
  virtual int syncfs(int fd) noexcept = 0;  ///< the whole file system that fd is on
  virtual int rename_noreplace(int from_dir, const char* from, int to_dir,
                               const char* to) noexcept = 0;
  virtual int rename(int from_dir, const char* from, int to_dir, const char* to) noexcept = 0;
  virtual int linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept = 0;
  virtual int unlinkat(int dir, const char* path, int flags) noexcept = 0;
  virtual int ftruncate(int fd, std::uint64_t size) noexcept = 0;
  virtual int set_mtime(int fd, std::int64_t seconds) noexcept = 0;
  virtual int stat(int dir, const char* path, FileInfo& out) noexcept = 0;  ///< path "": dir itself
  /// Names in `dir` without "." and "..", in no order. The function must not throw.
  virtual int list(int dir, const std::function<void(std::string_view)>& name) noexcept = 0;

 protected:
  Fs() = default;
  Fs(const Fs&) = default;
  Fs& operator=(const Fs&) = default;
};

}  // namespace mailpipe
