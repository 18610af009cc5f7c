#pragma once

#include <mailpipe/file.hpp>

#include <cerrno>
#include <string>
#include <string_view>

namespace mailpipe {

/// The engine's marker in the root folder of a sink, for sinks whose root is a folder.
inline constexpr const char* kRootMarker = ".mailpipe-sink.json";

/// The marker's text, or empty. `dir` is the root, open.
inline std::string read_root_marker(Fs& fs, const File& dir) {
  const int fd = fs.openat(dir.fd(), kRootMarker, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return {};
  }
  if (fd < 0) {
    throw_errno(fd, "cannot read", dir.path() + "/" + kRootMarker);
  }
  const File file(fs, fd, dir.path() + "/" + kRootMarker);
  std::string text(4096, '\0');
  const std::int64_t n = fs.pread(fd, text.data(), text.size(), 0);
  if (n < 0) {
    throw_errno(static_cast<int>(n), "cannot read", file.path());
  }
  text.resize(static_cast<std::size_t>(n));
  return text;
}

/// Replaces the marker; a power cut leaves the old one or the new one.
inline void write_root_marker(Fs& fs, File& dir, std::string_view text) {
  const std::string temporary = std::string(kRootMarker) + ".new";
  const std::string path = dir.path() + "/" + temporary;
  fs.unlinkat(dir.fd(), temporary.c_str(), 0);
  const int fd = fs.openat(dir.fd(), temporary.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw_errno(fd, "cannot create", path);
  }
  File file(fs, fd, path);
  file.write_all(text);
  file.sync_data();
  file.close();
  const int renamed = fs.rename(dir.fd(), temporary.c_str(), dir.fd(), kRootMarker);
  if (renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
  dir.sync();
}

}  // namespace mailpipe
