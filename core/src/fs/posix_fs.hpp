#pragma once

#include <mailpipe/fs.hpp>

namespace mailpipe {

/// The Fs of a real run: plain system calls, restarted when a signal interrupts them.
///
/// Every descriptor that it opens is closed on exec. Holds no state.
class PosixFs final : public Fs {
 public:
  int openat(int dir, const char* path, int flags, unsigned mode) noexcept override;
  int close(int fd) noexcept override;
  int mkdirat(int dir, const char* path, unsigned mode) noexcept override;
  std::int64_t write(int fd, const void* data, std::size_t n) noexcept override;
  std::int64_t pwrite(int fd, const void* data, std::size_t n,
                      std::uint64_t offset) noexcept override;
  std::int64_t pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept override;
  int fdatasync(int fd) noexcept override;
  int fsync(int fd) noexcept override;
  int syncfs(int fd) noexcept override;
  int rename_noreplace(int from_dir, const char* from, int to_dir,
                       const char* to) noexcept override;
  int rename(int from_dir, const char* from, int to_dir, const char* to) noexcept override;
  int linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept override;
  int unlinkat(int dir, const char* path, int flags) noexcept override;
  int ftruncate(int fd, std::uint64_t size) noexcept override;
  int set_mtime(int fd, std::int64_t seconds) noexcept override;
  int stat(int dir, const char* path, FileInfo& out) noexcept override;
  int list(int dir, const std::function<void(std::string_view)>& name) noexcept override;
};

}  // namespace mailpipe
