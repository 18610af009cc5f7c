#include "support/disk_journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace mailpipe::test {

DiskJournal::DiskJournal(const std::string& root) : root_(root) {
  struct stat info {};

  if (::stat(root.c_str(), &info) != 0) {
    throw std::runtime_error("no folder to keep a journal of");
  }
  nodes_[kRoot] = {.is_folder = true, .mode = 0700, .inode = info.st_ino};
  by_inode_[info.st_ino] = kRoot;
}

Node DiskJournal::known(std::uint64_t inode) const {
  const auto found = by_inode_.find(inode);
  return found == by_inode_.end() ? 0 : found->second;
}

Node DiskJournal::node_of(int fd) const {
  struct stat info {};

  return ::fstat(fd, &info) == 0 && info.st_nlink > 0 ? known(info.st_ino) : 0;
}

Node DiskJournal::node_at(int dir, const char* path) const {
  struct stat info {};

  return ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0 ? known(info.st_ino) : 0;
}

Node DiskJournal::add(const struct stat& info, Node folder, const std::string& name) {
  const Node node = nodes_.rbegin()->first + 1;
  nodes_[node] = {.is_folder = S_ISDIR(info.st_mode),
                  .is_state = nodes_.at(folder).is_state || (folder == kRoot && name == "state"),
                  .mode = info.st_mode & 07777U,
                  .inode = info.st_ino};
  by_inode_[info.st_ino] = node;
  note({.kind = Change::Kind::Name, .node = node, .folder = folder, .name = name});
  return node;
}

/// A folder that something else than the seam made beneath the root counts as made now, and as never synced.
Node DiskJournal::folder_at(int dir, const std::string& path) {
  struct stat info {};

  if (::fstatat(dir, path.c_str(), &info, 0) != 0) {
    return 0;
  }
  const Node node = known(info.st_ino);
  if (node != 0 || !path.starts_with(root_ + "/")) {
    return node;
  }
  const std::size_t slash = path.rfind('/');
  const Node folder = folder_at(dir, path.substr(0, slash));
  return folder == 0 ? 0 : add(info, folder, path.substr(slash + 1));
}

DiskJournal::Slot DiskJournal::slot(int dir, const char* path) {
  const std::string text(path);
  const std::size_t slash = text.rfind('/');
  if (slash != std::string::npos) {
    return {folder_at(dir, text.substr(0, slash)), text.substr(slash + 1)};
  }
  return {dir == AT_FDCWD ? 0 : node_of(dir), text};
}

Node DiskJournal::created(const Slot& slot, int dir, const char* path) {
  struct stat info {};

  if (slot.folder == 0 || ::fstatat(dir, path, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return 0;
  }
  return add(info, slot.folder, slot.name);
}

void DiskJournal::meet_folders(int dir, Node folder) {
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd/" + std::to_string(dir))) {
    const std::string name = entry.path().filename().string();

    struct stat info {};

    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode) &&
        known(info.st_ino) == 0) {
      add(info, folder, name);
    }
  }
}

void DiskJournal::note(Change change) {
  changes_.push_back(std::move(change));
}

void DiskJournal::write(Node node, std::uint64_t offset, std::string_view octets) {
  note(
      {.kind = Change::Kind::Write, .node = node, .octets = std::string(octets), .offset = offset});
}

}  // namespace mailpipe::test
