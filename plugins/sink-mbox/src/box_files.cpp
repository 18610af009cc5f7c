#include "box_files.hpp"

#include "box_name.hpp"
#include "data_sync.hpp"
#include "root_folder.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace mailpipe::mbox {
namespace {

constexpr const char* kOwn = ".mailpipe-mbox";
constexpr const char* kOwnOfSingle = ".mailpipe";

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

}  // namespace

BoxFiles::BoxFiles(Host& host, Layout layout, std::string path)
    : host_(host),
      fs_(host.fs()),
      layout_(layout),
      path_(without_trailing_slashes(std::move(path))) {}

void BoxFiles::open(bool read_only) {
  if (layout_ == Layout::Single) {
    open_single(read_only);
    return;
  }
  root_ = read_only ? look_at_root(fs_, host_, path_) : open_root(fs_, path_);
  if (root_.is_open()) {
    own_ = folder_beneath(root_, kOwn, !read_only);
  }
}

void BoxFiles::open_single(bool read_only) {
  const std::size_t slash = path_.rfind('/');
  const std::string parent = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path_.substr(0, slash);
  name_ = slash == std::string::npos ? path_ : path_.substr(slash + 1);
  root_ = read_only ? look_at_root(fs_, host_, parent) : open_root(fs_, parent);
  if (!root_.is_open()) {
    return;
  }
  FileInfo info;
  if (fs_.stat(root_.fd(), name_.c_str(), info) == 0 && !S_ISREG(info.mode)) {
    throw Error(ErrorClass::Config, "'" + path_ + "' is no regular file",
                "with 'layout: single' the path is that of the mbox file");
  }
  own_ = folder_beneath(root_, name_ + kOwnOfSingle, !read_only);
}

void BoxFiles::changed(const File& folder) {
  if (!changed_.contains(folder.path())) {
    const int fd = fs_.openat(folder.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
      throw_errno(fd, "cannot open the folder", folder.path());
    }
    changed_.emplace(folder.path(), File(fs_, fd, folder.path()));
  }
}

/// Not open if it is missing and not to be made.
File BoxFiles::folder_beneath(const File& parent, const std::string& name, bool make) {
  const std::string path = parent.path() + "/" + name;
  if (make) {
    const int made = fs_.mkdirat(parent.fd(), name.c_str(), 0700);
    if (made < 0 && made != -EEXIST) {
      throw_errno(made, "cannot make the folder", path);
    }
    if (sure_.insert(path).second || made >= 0) {
      changed(parent);
    }
  }
  const int fd =
      fs_.openat(parent.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd == -ENOENT && !make) {
    return {};
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  File folder(fs_, fd, path);
  refuse_if_others_may_write(fs_, folder);
  return folder;
}

BoxFiles::Place BoxFiles::place_of(const std::string& box, bool make) {
  const int fd = fs_.openat(root_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", root_.path());
  }
  Place out{File(fs_, fd, root_.path()), box};
  if (layout_ == Layout::Single) {
    out.name = name_;
    return out;
  }
  for (std::size_t slash = out.name.find('/'); slash != std::string::npos && out.folder.is_open();
       slash = out.name.find('/')) {
    out.folder = folder_beneath(out.folder, out.name.substr(0, slash), make);
    out.name.erase(0, slash + 1);
  }
  return out;
}

File BoxFiles::open_box(const Place& place, bool write, int& result) {
  if (!place.folder.is_open()) {
    result = -ENOENT;
    return {};
  }
  // O_NONBLOCK: a FIFO that somebody planted must not hold us up.
  const int flags = (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int fd = fs_.openat(place.folder.fd(), place.name.c_str(), flags, 0);
  result = fd < 0 ? fd : 0;
  if (fd == -ELOOP || fd == -ENXIO || fd == -EISDIR) {
    result = -ENOENT;
  }
  if (fd < 0) {
    return {};
  }
  File file(fs_, fd, place.folder.path() + "/" + place.name);
  FileInfo info;
  result = fs_.stat(fd, "", info);
  if (result == 0 && !S_ISREG(info.mode)) {
    result = -ENOENT;
  }
  return file;
}

File BoxFiles::open_if_there(const std::string& box, FileInfo& info) {
  int result = 0;
  File file = open_box(place_of(box, false), false, result);
  result = result < 0 ? result : fs_.stat(file.fd(), "", info);
  if (result == -ENOENT) {
    return {};
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path_of(box));
  }
  return file;
}

File BoxFiles::make_box(const Place& place) {
  const std::string path = place.folder.path() + "/" + place.name;
  const int made = fs_.openat(place.folder.fd(), place.name.c_str(),
                              O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (made >= 0) {
    File file(fs_, made, path);
    changed(place.folder);
    sure_.insert(path);
    return file;
  }
  if (made != -EEXIST) {
    throw_errno(made, "cannot make the file", path);
  }
  int result = 0;
  File file = open_box(place, true, result);
  if (result == 0 && sure_.insert(path).second) {
    changed(place.folder);
  }
  if (result == -ENOENT) {
    throw Error(ErrorClass::Config, "'" + printable(path) + "' is no regular file",
                "move it out of the way: a mailbox of that name is to be written there");
  }
  if (result < 0) {
    throw_errno(result, "cannot open", path);
  }
  return file;
}

void BoxFiles::for_each_box(const std::function<void(const std::string&)>& found) {
  if (!root_.is_open()) {
    return;
  }
  if (layout_ == Layout::Single) {
    found(kSingleBox);
    return;
  }
  walk(root_, "", found);
}

void BoxFiles::walk(const File& folder, const std::string& prefix,
                    const std::function<void(const std::string&)>& found) {
  constexpr std::string_view kChildren = ".sbd";
  std::vector<std::string> names;
  const int listed = fs_.list(folder.fd(), [&](std::string_view name) {
    if (!name.starts_with('.')) {
      names.emplace_back(name);
    }
  });
  if (listed < 0) {
    throw_errno(listed, "cannot list", folder.path());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    FileInfo info;
    const int result = fs_.stat(folder.fd(), name.c_str(), info);
    if (result == -ENOENT) {
      continue;
    }
    if (result < 0) {
      throw_errno(result, "cannot look at", folder.path() + "/" + name);
    }
    if (S_ISREG(info.mode) && is_box_file(name)) {
      found(prefix + name);
    } else if (S_ISDIR(info.mode) && name.ends_with(kChildren)) {
      walk(open_dir(fs_, folder.fd(), name), prefix + name + "/", found);
    }
  }
}

std::string BoxFiles::path_of(const std::string& box) const {
  return layout_ == Layout::Single ? path_ : path_ + "/" + box;
}

void BoxFiles::sync() {
  for (auto& [path, folder] : changed_) {
    const int result = fs_.fsync(folder.fd());
    if (result < 0) {
      throw_sync_failure(result, path);
    }
  }
  changed_.clear();
}

}  // namespace mailpipe::mbox
