#pragma once

#include "support/disk_journal.hpp"

#include <mailpipe/testing/plain_fs.hpp>

#include <atomic>

namespace mailpipe::test {

/// Does what it is told, and writes down what each call did to the disk and what each sync made durable.
/// What a power cut may leave after any of them is then a matter of reading the journal: crash_images.hpp.
class CrashFs final : public Fs {
 public:
  CrashFs(Fs& inner, DiskJournal& journal) : inner_(inner), journal_(journal) {}

  std::uint64_t calls() const { return calls_.load(); }

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

 private:
  void wrote(int fd, const void* data, std::int64_t n, std::uint64_t offset);
  void synced(int fd, int result, Change::Kind well, Change::Kind failed);
  template <class Call>
  int renaming(int from_dir, const char* from, int to_dir, const char* to, Call&& call);

  Fs& inner_;
  DiskJournal& journal_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace mailpipe::test
