#include "fs/posix_fs.hpp"

#include <mailpipe/c_ptr.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace mailpipe {
namespace {

/// Runs one system call until no signal interrupts it; its result, or -errno.
template <class Call>
auto restarted(Call&& call) noexcept -> decltype(call()) {
  while (true) {
    const auto result = call();
    if (result >= 0) {
      return result;
    }
    if (errno != EINTR) {
      return -static_cast<decltype(call())>(errno);
    }
  }
}

}  // namespace

int PosixFs::openat(int dir, const char* path, int flags, unsigned mode) noexcept {
  return restarted([&] { return ::openat(dir, path, flags | O_CLOEXEC, mode); });
}

int PosixFs::close(int fd) noexcept {
  // Linux frees the descriptor even when close() is interrupted; closing again could hit another
  // thread's file.
  return ::close(fd) == 0 || errno == EINTR ? 0 : -errno;
}

int PosixFs::mkdirat(int dir, const char* path, unsigned mode) noexcept {
  return restarted([&] { return ::mkdirat(dir, path, mode); });
}

std::int64_t PosixFs::write(int fd, const void* data, std::size_t n) noexcept {
  return restarted([&]() -> std::int64_t { return ::write(fd, data, n); });
}

std::int64_t PosixFs::pwrite(int fd, const void* data, std::size_t n,
                             std::uint64_t offset) noexcept {
  return restarted(
      [&]() -> std::int64_t { return ::pwrite(fd, data, n, static_cast<off_t>(offset)); });
}

std::int64_t PosixFs::pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept {
  return restarted(
      [&]() -> std::int64_t { return ::pread(fd, data, n, static_cast<off_t>(offset)); });
}

int PosixFs::fdatasync(int fd) noexcept {
  return restarted([&] { return ::fdatasync(fd); });
}

int PosixFs::fsync(int fd) noexcept {
  return restarted([&] { return ::fsync(fd); });
}

int PosixFs::syncfs(int fd) noexcept {
  return restarted([&] { return ::syncfs(fd); });
}

int PosixFs::rename_noreplace(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  const int result =
      restarted([&] { return ::renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE); });
  if (result != -EINVAL && result != -ENOSYS) {
    return result;
  }
  // NFS and some FUSE file systems know no flags. A link fails just as surely when the name is
  // taken.
  const int linked = linkat(from_dir, from, to_dir, to);
  return linked < 0 ? linked : unlinkat(from_dir, from, 0);
}

int PosixFs::rename(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  return restarted([&] { return ::renameat(from_dir, from, to_dir, to); });
}

int PosixFs::linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  return restarted([&] { return ::linkat(from_dir, from, to_dir, to, 0); });
}

int PosixFs::unlinkat(int dir, const char* path, int flags) noexcept {
  return restarted([&] { return ::unlinkat(dir, path, flags); });
}

int PosixFs::ftruncate(int fd, std::uint64_t size) noexcept {
  return restarted([&] { return ::ftruncate(fd, static_cast<off_t>(size)); });
}

int PosixFs::set_mtime(int fd, std::int64_t seconds) noexcept {
  const std::array<timespec, 2> times{
      {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = seconds, .tv_nsec = 0}}};
  return restarted([&] { return ::futimens(fd, times.data()); });
}

int PosixFs::stat(int dir, const char* path, FileInfo& out) noexcept {
  struct stat info {};

  const int result =
      restarted([&] { return ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH); });
  if (result < 0) {
    return result;
  }
  out.mode = info.st_mode;
  out.device = info.st_dev;
  out.inode = info.st_ino;
  out.size = static_cast<std::uint64_t>(info.st_size);
  out.links = info.st_nlink;
  out.mtime = info.st_mtim.tv_sec;
  out.uid = info.st_uid;
  out.gid = info.st_gid;
  return 0;
}

int PosixFs::list(int dir, const std::function<void(std::string_view)>& name) noexcept {
  // A descriptor of its own: closedir() closes it, and the read position of `dir` stays its
  // owner's.
  const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
  if (fd < 0) {
    return fd;
  }
  const CPtr<DIR, ::closedir> stream(::fdopendir(fd));
  if (stream == nullptr) {
    const int error = errno;
    close(fd);
    return -error;
  }
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe): our own stream
    if (entry == nullptr) {
      return -errno;
    }
    const std::string_view text(static_cast<const char*>(entry->d_name));
    if (text != "." && text != "..") {
      name(text);
    }
  }
}

}  // namespace mailpipe
