#pragma once

#include <fcntl.h>

#include <cerrno>

// How folders are opened; for folders*.cpp alone.
namespace mailpipe::maildir {

inline constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

inline bool is_no_folder(int result) {
  return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -ENAMETOOLONG;
}

}  // namespace mailpipe::maildir
