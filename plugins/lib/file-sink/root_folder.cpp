#include "root_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace mailpipe {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A folder that the user named: links in its path are theirs.
File open_as_written(Fs& fs, const std::string& path, int flags) {
  const int fd = fs.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  return {fs, fd, path};
}

/// Whether something is there, link or not.
bool exists(Fs& fs, const std::string& path) {
  FileInfo info;
  const int result = fs.stat(AT_FDCWD, path.c_str(), info);
  if (result < 0 && result != -ENOENT) {
    throw_errno(result, "cannot look at", path);
  }
  return result == 0;
}

/// What the effective user may do there; changes nothing.
bool may_write(int dir, const std::string& path) {
  return ::faccessat(dir, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

/// Makes the folder and what is missing above it; each new name is synced in its parent. So is that of the last one that is
/// there already: a run that was killed may have made it.
void make_with_parents(Fs& fs, const std::string& path) {
  const std::string parent = parent_of(path);
  if (exists(fs, path)) {
    if (may_write(AT_FDCWD, parent)) {
      open_as_written(fs, parent, 0).sync();
    }
    return;
  }
  if (parent != path) {
    make_with_parents(fs, parent);
  }
  const int made = fs.mkdirat(AT_FDCWD, path.c_str(), 0700);
  if (made < 0 && made != -EEXIST) {
    throw_errno(made, "cannot make the folder", path);
  }
  open_as_written(fs, parent, 0).sync();
}

/// O_NOFOLLOW, unless the path is a link that the user or root made: in a folder like /tmp anyone
/// else could have planted it.
int follow_flag(Fs& fs, const std::string& path) {
  FileInfo info;
  if (fs.stat(AT_FDCWD, path.c_str(), info) < 0 || !S_ISLNK(info.mode)) {
    return O_NOFOLLOW;
  }
  if (info.uid != 0 && info.uid != ::geteuid()) {
    throw Error(ErrorClass::Config, "'" + path + "' is a symbolic link that somebody else made",
                "write the path of the folder itself");
  }
  return 0;
}

/// Its owner may always write to it, whatever its mode says.
void refuse_if_of_another_user(Fs& fs, const File& folder) {
  FileInfo info;
  const int result = fs.stat(folder.fd(), "", info);
  if (result < 0) {
    throw_errno(result, "cannot look at the folder", folder.path());
  }
  if (info.uid != 0 && info.uid != ::geteuid()) {
    throw Error(ErrorClass::Config,
                "the folder '" + folder.path() + "' belongs to another user (number " +
                    std::to_string(info.uid) + ")",
                "run as that user, or chown the folder to the user who runs the backup");
  }
}

File open_existing(Fs& fs, const std::string& path) {
  File root = open_as_written(fs, path, follow_flag(fs, path));
  refuse_if_others_may_write(fs, root);
  refuse_if_of_another_user(fs, root);
  return root;
}

[[noreturn]] void throw_not_writable(const std::string& path) {
  throw_errno(-errno, "cannot write to the folder", path);
}

}  // namespace

void refuse_if_others_may_write(Fs& fs, const File& folder) {
  FileInfo info;
  const int result = fs.stat(folder.fd(), "", info);
  if (result < 0) {
    throw_errno(result, "cannot look at the folder", folder.path());
  }
  if ((info.mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error(ErrorClass::Config, "others may write to the folder '" + folder.path() + "'",
                "chmod go-w '" + folder.path() + "'");
  }
}

File open_root(Fs& fs, const std::string& path) {
  make_with_parents(fs, path);
  return open_existing(fs, path);
}

File look_at_root(Fs& fs, Host& host, const std::string& path) {
  if (exists(fs, path)) {
    File root = open_existing(fs, path);
    if (!may_write(AT_FDCWD, path)) {
      if (errno != EROFS) {
        throw_not_writable(path);
      }
      host.log(LogLevel::Warn, "the folder '" + path + "' is on a read-only file system");
    }
    return root;
  }
  std::string above = parent_of(path);
  while (!exists(fs, above)) {
    above = parent_of(above);
  }
  if (!may_write(AT_FDCWD, above)) {
    throw_not_writable(above);
  }
  host.log(LogLevel::Info, "the folder '" + path + "' does not exist yet; a run will make it");
  return {};
}

}  // namespace mailpipe
