#include "support/crash_fs.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mailpipe::test {

using Kind = Change::Kind;

int CrashFs::openat(int dir, const char* path, int flags, unsigned mode) noexcept {
  const auto lock = journal_.lock();
  ++calls_;

  struct stat info {};

  const bool makes = (flags & O_CREAT) != 0 && (flags & O_TMPFILE) != O_TMPFILE &&
                     ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) != 0;
  const int fd = inner_.openat(dir, path, flags, mode);
  if (fd < 0) {
    return fd;
  }
  if (makes) {
    journal_.created(journal_.slot(dir, path), dir, path);
  } else if (const Node node = journal_.node_of(fd); node != 0 && (flags & O_TRUNC) != 0) {
    journal_.note({.kind = Kind::Truncate, .node = node});
  }
  return fd;
}

int CrashFs::close(int fd) noexcept {
  ++calls_;
  return inner_.close(fd);
}

int CrashFs::mkdirat(int dir, const char* path, unsigned mode) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int made = inner_.mkdirat(dir, path, mode);
  if (made >= 0) {
    journal_.created(journal_.slot(dir, path), dir, path);
  }
  return made;
}

void CrashFs::wrote(int fd, const void* data, std::int64_t n, std::uint64_t offset) {
  if (const Node node = n > 0 ? journal_.node_of(fd) : 0; node != 0) {
    journal_.write(node, offset, {static_cast<const char*>(data), static_cast<std::size_t>(n)});
  }
}

std::int64_t CrashFs::write(int fd, const void* data, std::size_t n) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;

  struct stat info {};

  ::fstat(fd, &info);
  const off_t at = appends ? info.st_size : ::lseek(fd, 0, SEEK_CUR);
  const std::int64_t written = inner_.write(fd, data, n);
  wrote(fd, data, written, static_cast<std::uint64_t>(at));
  return written;
}

std::int64_t CrashFs::pwrite(int fd, const void* data, std::size_t n,
                             std::uint64_t offset) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const std::int64_t written = inner_.pwrite(fd, data, n, offset);
  wrote(fd, data, written, offset);
  return written;
}

std::int64_t CrashFs::pread(int fd, void* data, std::size_t n, std::uint64_t offset) noexcept {
  ++calls_;
  return inner_.pread(fd, data, n, offset);
}

void CrashFs::synced(int fd, int result, Kind well, Kind failed) {
  if (const Node node = journal_.node_of(fd); node != 0) {
    journal_.note({.kind = result >= 0 ? well : failed, .node = node});
  }
}

int CrashFs::fdatasync(int fd) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.fdatasync(fd);
  synced(fd, result, Kind::SyncData, Kind::DropData);
  return result;
}

int CrashFs::fsync(int fd) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.fsync(fd);
  const Node node = journal_.node_of(fd);
  if (node == 0 || !journal_.nodes().at(node).is_folder) {
    synced(fd, result, Kind::SyncData, Kind::DropData);
  } else if (result >= 0) {
    journal_.meet_folders(fd, node);
    journal_.note({.kind = Kind::SyncNames, .node = node});
  }
  return result;
}

int CrashFs::syncfs(int fd) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.syncfs(fd);
  synced(fd, result, Kind::SyncAll, Kind::DropAll);
  return result;
}

template <class Call>
int CrashFs::renaming(int from_dir, const char* from, int to_dir, const char* to, Call&& call) {
  const auto lock = journal_.lock();
  ++calls_;
  const Node node = journal_.node_at(from_dir, from);
  const int result = call();
  if (result >= 0 && node != 0) {
    const auto source = journal_.slot(from_dir, from);
    const auto target = journal_.slot(to_dir, to);
    journal_.note({.kind = Kind::Rename,
                   .node = node,
                   .folder = source.folder,
                   .to_folder = target.folder,
                   .name = source.name,
                   .to_name = target.name});
  }
  return result;
}

int CrashFs::rename_noreplace(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  return renaming(from_dir, from, to_dir, to,
                  [&] { return inner_.rename_noreplace(from_dir, from, to_dir, to); });
}

int CrashFs::rename(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  return renaming(from_dir, from, to_dir, to,
                  [&] { return inner_.rename(from_dir, from, to_dir, to); });
}

int CrashFs::linkat(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.linkat(from_dir, from, to_dir, to);
  if (const Node node = result >= 0 ? journal_.node_at(to_dir, to) : 0; node != 0) {
    const auto slot = journal_.slot(to_dir, to);
    journal_.note({.kind = Kind::Name, .node = node, .folder = slot.folder, .name = slot.name});
  }
  return result;
}

int CrashFs::unlinkat(int dir, const char* path, int flags) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const Node node = journal_.node_at(dir, path);
  const int result = inner_.unlinkat(dir, path, flags);
  if (result >= 0 && node != 0) {
    const auto slot = journal_.slot(dir, path);
    journal_.note({.kind = Kind::Unname, .node = node, .folder = slot.folder, .name = slot.name});
  }
  return result;
}

int CrashFs::ftruncate(int fd, std::uint64_t size) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.ftruncate(fd, size);
  if (const Node node = result >= 0 ? journal_.node_of(fd) : 0; node != 0) {
    journal_.note({.kind = Kind::Truncate, .node = node, .offset = size});
  }
  return result;
}

int CrashFs::set_mtime(int fd, std::int64_t seconds) noexcept {
  const auto lock = journal_.lock();
  ++calls_;
  const int result = inner_.set_mtime(fd, seconds);
  if (const Node node = result >= 0 ? journal_.node_of(fd) : 0; node != 0) {
    journal_.note(
        {.kind = Kind::Mtime, .node = node, .offset = static_cast<std::uint64_t>(seconds)});
  }
  return result;
}

int CrashFs::stat(int dir, const char* path, FileInfo& out) noexcept {
  ++calls_;
  return inner_.stat(dir, path, out);
}

int CrashFs::list(int dir, const std::function<void(std::string_view)>& name) noexcept {
  ++calls_;
  return inner_.list(dir, name);
}

}  // namespace mailpipe::test
