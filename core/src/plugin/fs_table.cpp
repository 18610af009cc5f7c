#include "host_table.hpp"

#include <mailpipe/detail/views.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace mailpipe::plugin {

namespace {

Fs& fs_of(void* ctx) noexcept {
  return *static_cast<Fs*>(ctx);
}

std::int32_t openat(void* ctx, std::int32_t dir, const char* path, std::int32_t flags,
                    std::uint32_t mode) noexcept {
  return path == nullptr ? -EFAULT : fs_of(ctx).openat(dir, path, flags, mode);
}

std::int32_t close(void* ctx, std::int32_t fd) noexcept {
  return fs_of(ctx).close(fd);
}

std::int32_t mkdirat(void* ctx, std::int32_t dir, const char* path, std::uint32_t mode) noexcept {
  return path == nullptr ? -EFAULT : fs_of(ctx).mkdirat(dir, path, mode);
}

std::int64_t write(void* ctx, std::int32_t fd, const void* data, std::uint64_t n) noexcept {
  return fs_of(ctx).write(fd, data, n);
}

std::int64_t pwrite(void* ctx, std::int32_t fd, const void* data, std::uint64_t n,
                    std::uint64_t offset) noexcept {
  return fs_of(ctx).pwrite(fd, data, n, offset);
}

std::int64_t pread(void* ctx, std::int32_t fd, void* data, std::uint64_t n,
                   std::uint64_t offset) noexcept {
  return fs_of(ctx).pread(fd, data, n, offset);
}

std::int32_t fdatasync(void* ctx, std::int32_t fd) noexcept {
  return fs_of(ctx).fdatasync(fd);
}

std::int32_t fsync(void* ctx, std::int32_t fd) noexcept {
  return fs_of(ctx).fsync(fd);
}

std::int32_t syncfs(void* ctx, std::int32_t fd) noexcept {
  return fs_of(ctx).syncfs(fd);
}

std::int32_t rename_noreplace(void* ctx, std::int32_t from_dir, const char* from,
                              std::int32_t to_dir, const char* to) noexcept {
  return from == nullptr || to == nullptr ? -EFAULT
                                          : fs_of(ctx).rename_noreplace(from_dir, from, to_dir, to);
}

std::int32_t rename(void* ctx, std::int32_t from_dir, const char* from, std::int32_t to_dir,
                    const char* to) noexcept {
  return from == nullptr || to == nullptr ? -EFAULT : fs_of(ctx).rename(from_dir, from, to_dir, to);
}

std::int32_t linkat(void* ctx, std::int32_t from_dir, const char* from, std::int32_t to_dir,
                    const char* to) noexcept {
  return from == nullptr || to == nullptr ? -EFAULT : fs_of(ctx).linkat(from_dir, from, to_dir, to);
}

std::int32_t unlinkat(void* ctx, std::int32_t dir, const char* path, std::int32_t flags) noexcept {
  return path == nullptr ? -EFAULT : fs_of(ctx).unlinkat(dir, path, flags);
}

std::int32_t ftruncate(void* ctx, std::int32_t fd, std::uint64_t size) noexcept {
  return fs_of(ctx).ftruncate(fd, size);
}

std::int32_t set_mtime(void* ctx, std::int32_t fd, std::int64_t seconds) noexcept {
  return fs_of(ctx).set_mtime(fd, seconds);
}

std::int32_t stat(void* ctx, std::int32_t dir, const char* path, mp_stat* out) noexcept {
  if (path == nullptr || out == nullptr ||
      out->struct_size < offsetof(mp_stat, gid) + sizeof out->gid) {
    return -EFAULT;
  }
  FileInfo info;
  const int result = fs_of(ctx).stat(dir, path, info);
  if (result >= 0) {
    const mp_stat told{out->struct_size, info.mode,  info.device, info.inode, info.size,
                       info.links,       info.mtime, info.uid,    info.gid};
    std::memcpy(out, &told, std::min<std::size_t>(out->struct_size, sizeof told));
  }
  return result;
}

std::int32_t list(void* ctx, std::int32_t dir, mp_str_cb name, void* user) noexcept {
  if (name == nullptr) {
    return -EFAULT;
  }
  try {
    return fs_of(ctx).list(dir, [&](std::string_view entry) { name(user, detail::view(entry)); });
  } catch (...) {
    return -ENOMEM;  // all that making the function object can meet
  }
}

}  // namespace

mp_fs make_fs_table(Fs& fs) noexcept {
  return {.struct_size = sizeof(mp_fs),
          .reserved = 0,
          .ctx = &fs,
          .openat = openat,
          .close = close,
          .mkdirat = mkdirat,
          .write = write,
          .pwrite = pwrite,
          .pread = pread,
          .fdatasync = fdatasync,
          .fsync = fsync,
          .syncfs = syncfs,
          .rename_noreplace = rename_noreplace,
          .rename = rename,
          .linkat = linkat,
          .unlinkat = unlinkat,
          .ftruncate = ftruncate,
          .set_mtime = set_mtime,
          .stat = stat,
          .list = list};
}

}  // namespace mailpipe::plugin
