#include "folders.hpp"

#include "folder_open.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::maildir {

Folders::Folders(Fs& fs, Host& host, const File& root, Layout layout)
    : fs_(fs),
      host_(host),
      root_(root),
      layout_(layout) {}

File Folders::open_beneath(const std::string& location, int& result) const {
  File at(fs_, fs_.openat(root_.fd(), ".", kDirectory, 0), root_.path());
  result = std::min(at.fd(), 0);
  for (const std::string& name : split(location)) {
    if (result < 0) {
      break;
    }
    const int fd = fs_.openat(at.fd(), name.c_str(), kDirectory, 0);
    result = std::min(fd, 0);
    at = File(fs_, fd, at.path() + "/" + name);
  }
  return at;
}

Folder& Folders::get(const std::string& location) {
  auto& folder = folders_[location];
  if (folder == nullptr) {
    folder = std::make_unique<Folder>();
    folder->location = location;
  }
  return *folder;
}

void Folders::forget(const std::string& location) {
  std::erase_if(locations_, [&](const auto& known) { return known.second == location; });
  const auto found = folders_.find(location);
  if (found != folders_.end()) {
    open_.remove(found->second.get());
    folders_.erase(found);  // last: the location may be the folder's own word
  }
}

Folder* Folders::use(Folder& folder, int& result) {
  result = 0;
  if (folder.dir.is_open()) {
    if (open_.back() != &folder) {
      open_.splice(open_.end(), open_, std::find(open_.begin(), open_.end(), &folder));
    }
    return &folder;
  }
  File dir = open_beneath(folder.location, result);
  std::array<File, 3> subs;
  for (std::size_t i = 0; i < subs.size() && result == 0; ++i) {
    const int fd = fs_.openat(dir.fd(), kSubs.at(i), kDirectory, 0);
    const bool optional = i != static_cast<std::size_t>(Sub::Cur);  // cur/ makes it a Maildir
    result = fd < 0 && !(optional && fd == -ENOENT) ? fd : 0;
    subs.at(i) = File(fs_, fd, dir.path() + "/" + kSubs.at(i));
  }
  if (result < 0) {
    return nullptr;
  }
  folder.dir = std::move(dir);
  folder.subs = std::move(subs);
  open_.push_back(&folder);
  if (open_.size() > kMostOpen) {
    Folder& oldest = *open_.front();
    oldest.dir = File();
    oldest.subs = {};
    open_.pop_front();
  }
  return &folder;
}

Folder* Folders::at(const std::string& location) {
  int result = 0;
  Folder* folder = use(get(location), result);
  if (folder == nullptr) {
    forget(location);
    if (!is_no_folder(result)) {
      throw_errno(result, "cannot open the folder", root_.path() + "/" + location);
    }
  }
  return folder;
}

}  // namespace mailpipe::maildir
