#include "location.hpp"

#include "refused.hpp"

#include <mailpipe/printable.hpp>

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace mailpipe::plugin {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& why, const std::string& hint) {
  throw Refused(kBadLocation, "'" + printable(path.string()) + "' " + why, hint);
}

struct stat status_of(const fs::path& path) {
  struct stat status {};

  if (::lstat(path.c_str(), &status) != 0) {
    refuse(path, std::string("cannot be read: ") + std::strerror(errno), "");
  }
  return status;
}

/// Debian gives each user a group of the same name; what only that group may write is still ours.
bool is_private_group(gid_t group, uid_t owner) {
  if (group == 0) {
    return true;
  }
  const passwd* user = ::getpwuid(owner);
  if (user == nullptr || user->pw_gid != group) {
    return false;
  }
  const std::string name = user->pw_name;
  const struct group* entry = ::getgrgid(group);
  if (entry == nullptr || entry->gr_name != name) {
    return false;
  }
  for (char** member = entry->gr_mem; *member != nullptr; ++member) {
    if (*member != name) {
      return false;
    }
  }
  return true;
}

void check_one(const fs::path& path, const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    refuse(path, "belongs to another user", "plugins are code: only root and you may own them");
  }
  const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if (sticky) {
    return;
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    refuse(path, "may be written by everybody", "chmod go-w '" + printable(path.string()) + "'");
  }
  if ((status.st_mode & S_IWGRP) != 0 && !is_private_group(status.st_gid, status.st_uid)) {
    refuse(path, "may be written by its group", "chmod g-w '" + printable(path.string()) + "'");
  }
}

}  // namespace

FileId check_location(const fs::path& path) {
  const struct stat status = status_of(path);
  if (!S_ISREG(status.st_mode)) {
    refuse(path, "is no regular file", "");
  }
  check_one(path, status);
  for (fs::path folder = path.parent_path();; folder = folder.parent_path()) {
    check_one(folder, status_of(folder));
    if (folder == folder.parent_path()) {
      return {status.st_dev, status.st_ino};
    }
  }
}

}  // namespace mailpipe::plugin
