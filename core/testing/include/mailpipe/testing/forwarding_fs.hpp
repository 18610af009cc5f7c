#pragma once

#include <mailpipe/fs.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace mailpipe::test {

/// The kinds of Fs calls, for counting and for faults.
enum class FsCall : std::uint8_t {
  Openat,
  Close,
  Mkdirat,
  Write,
  Pwrite,
  Pread,
  Fdatasync,
  Fsync,
  Syncfs,
  RenameNoreplace,
  Rename,
  Linkat,
  Unlinkat,
  Ftruncate,
  SetMtime,
  Stat,
  List,
};

constexpr std::size_t kFsCalls = static_cast<std::size_t>(FsCall::List) + 1;

/// Hands every call on to another Fs, which must outlive it, unless before() answers it with an
/// error.
class ForwardingFs : public Fs {
 public:
  explicit ForwardingFs(Fs& inner) noexcept : inner_(inner) {}

  int openat(int dir, const char* path, int flags, unsigned mode) noexcept override {
    return run(FsCall::Openat, [&] { return inner_.openat(dir, path, flags, mode); });
  }

  int close(int fd) noexcept override {
    const int answer = before(FsCall::Close);
    const int closed =
        inner_.close(fd);  // the descriptor is gone even when close() reports an error
    return answer < 0 ? answer : closed;
  }

  int mkdirat(int dir, const char* path, unsigned mode) noexcept override {
    return run(FsCall::Mkdirat, [&] { return inner_.mkdirat(dir, path, mode); });
  }

  std::int64_t write(int fd, const void* data, std::size_t n) noexcept override {
    return run(FsCall::Write, [&] { return inner_.write(fd, data, shortened(n)); });
  }

  std::int64_t pwrite(int fd, const void* data, std::size_t n,
                      std::uint64_t offset) noexcept override {
    return run(FsCall::Pwrite, [&] { return inner_.pwrite(fd, data, shortened(n), offset); });
  }

  std::int64_t pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept override {
    return run(FsCall::Pread, [&] { return inner_.pread(fd, data, shortened(n), offset); });
  }

  int fdatasync(int fd) noexcept override {
    return run(FsCall::Fdatasync, [&] { return inner_.fdatasync(fd); });
  }

  int fsync(int fd) noexcept override {
    return run(FsCall::Fsync, [&] { return inner_.fsync(fd); });
  }

  int syncfs(int fd) noexcept override {
    return run(FsCall::Syncfs, [&] { return inner_.syncfs(fd); });
  }

  int rename_noreplace(int from_dir, const char* from, int to_dir,
                       const char* to) noexcept override {
    return run(FsCall::RenameNoreplace,
               [&] { return inner_.rename_noreplace(from_dir, from, to_dir, to); });
  }

  int rename(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return run(FsCall::Rename, [&] { return inner_.rename(from_dir, from, to_dir, to); });
  }

  int linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept override {
    return run(FsCall::Linkat, [&] { return inner_.linkat(from_dir, from, to_dir, to); });
  }

  int unlinkat(int dir, const char* path, int flags) noexcept override {
    return run(FsCall::Unlinkat, [&] { return inner_.unlinkat(dir, path, flags); });
  }

  int ftruncate(int fd, std::uint64_t size) noexcept override {
    return run(FsCall::Ftruncate, [&] { return inner_.ftruncate(fd, size); });
  }

  int set_mtime(int fd, std::int64_t seconds) noexcept override {
    return run(FsCall::SetMtime, [&] { return inner_.set_mtime(fd, seconds); });
  }

  int stat(int dir, const char* path, FileInfo& out) noexcept override {
    return run(FsCall::Stat, [&] { return inner_.stat(dir, path, out); });
  }

  int list(int dir, const std::function<void(std::string_view)>& name) noexcept override {
    return run(FsCall::List, [&] { return inner_.list(dir, name); });
  }

 protected:
  /// Sees every call first; a negative result is the call's answer.
  virtual int before(FsCall call) noexcept = 0;

  /// How much of a transfer to let through.
  virtual std::size_t shortened(std::size_t n) noexcept { return n; }

 private:
  template <class Call>
  auto run(FsCall kind, Call&& call) noexcept -> decltype(call()) {
    const int answer = before(kind);
    return answer < 0 ? answer : call();
  }

  Fs& inner_;
};

}  // namespace mailpipe::test
