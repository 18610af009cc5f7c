#include "folders.hpp"

#include "file_flags.hpp"
#include "folder_note.hpp"
#include "root_folder.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr unsigned kMostChoices = 3;
constexpr unsigned kDeepest = 200;

std::vector<std::string> split(std::string_view location) {
  std::vector<std::string> out;
  while (!location.empty()) {
    const std::size_t slash = location.find('/');
    out.emplace_back(location.substr(0, slash));
    location = slash == std::string_view::npos ? std::string_view() : location.substr(slash + 1);
  }
  return out;
}

std::string beneath(const std::string& location, const std::string& name) {
  return location.empty() ? name : location + "/" + name;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out = beneath(out, name);
  }
  return out;
}

bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

bool is_no_folder(int result) {
  return result == -ENOENT || result == -ENOTDIR || result == -ELOOP || result == -ENAMETOOLONG;
}

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

std::optional<Location> parse_location(std::string_view text) {
  std::vector<std::string> parts = split(text);
  if (parts.size() < 2 || text.ends_with('/') ||
      !std::all_of(parts.begin(), parts.end(), is_plain)) {
    return std::nullopt;
  }
  Location out;
  out.name = std::move(parts.back());
  parts.pop_back();
  const auto sub = std::find(kSubs.begin(), kSubs.end(), parts.back());
  if (sub == kSubs.end() || out.name.front() == '.') {
    return std::nullopt;
  }
  out.sub = static_cast<Sub>(sub - kSubs.begin());
  parts.pop_back();
  out.folder = join(parts);
  return out;
}

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
  const auto found = folders_.find(location);
  if (found != folders_.end()) {
    open_.remove(found->second.get());
    folders_.erase(found);
  }
  std::erase_if(locations_, [&](const auto& known) { return known.second == location; });
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

Folder& Folders::make(const std::vector<std::string>& path, DataSync& data) {
  const auto known = locations_.find(path);
  if (known != locations_.end()) {
    if (Folder* folder = at(known->second)) {
      return *folder;
    }
  }
  for (unsigned choice = 0; choice < kMostChoices; ++choice) {
    const std::string location = join(folders_of(path, layout_, choice));
    if (!try_make(path, location, data)) {
      continue;
    }
    int result = 0;
    Folder* folder = use(get(location), result);
    if (folder == nullptr) {
      throw_errno(result, "cannot open the folder", root_.path() + "/" + location);
    }
    locations_[path] = location;
    return *folder;
  }
  throw Error(ErrorClass::Item, "every folder for the mailbox '" + printable(join(path)) +
                                    "' belongs to another one");
}

/// Makes what is missing of a folder; false when it is another mailbox's.
bool Folders::try_make(const std::vector<std::string>& path, const std::string& location,
                       DataSync& data) {
  File dir(fs_, fs_.openat(root_.fd(), ".", kDirectory, 0), root_.path());
  if (dir.fd() < 0) {
    throw_errno(dir.fd(), "cannot open the folder", root_.path());
  }
  bool made = false;
  std::string above;
  for (const std::string& name : split(location)) {
    dir = open_or_make(dir, above, name, made);
    above = beneath(above, name);
  }
  const FolderNote note = made ? FolderNote() : read_note(fs_, dir);
  if (note.path && *note.path != path) {
    return false;
  }
  FileInfo info;
  const bool foreign = !note.exists && fs_.stat(dir.fd(), name_of(Sub::Cur), info) == 0;
  if (!foreign && !note.path) {
    write_note(dir, location, path, data);
  }
  refuse_if_others_may_write(fs_, dir);
  for (const Sub sub : {Sub::Tmp, Sub::New, Sub::Cur}) {  // cur/ last: it makes it a Maildir
    refuse_if_others_may_write(fs_, open_or_make(dir, location, name_of(sub), made));
  }
  return true;
}

File Folders::open_or_make(const File& parent, const std::string& parent_location,
                           const std::string& name, bool& made) {
  const std::string path = parent.path() + "/" + name;
  int fd = fs_.openat(parent.fd(), name.c_str(), kDirectory, 0);
  made = fd == -ENOENT;
  if (made) {
    changed_.insert(parent_location);
    const int result = fs_.mkdirat(parent.fd(), name.c_str(), 0700);
    if (result < 0 && result != -EEXIST) {
      throw_errno(result, "cannot make the folder", path);
    }
    fd = fs_.openat(parent.fd(), name.c_str(), kDirectory, 0);
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  return {fs_, fd, path};
}

void Folders::write_note(const File& dir, const std::string& location,
                         const std::vector<std::string>& path, DataSync& data) {
  std::vector<std::pair<const char*, std::string>> notes = {{kFolderNote, note_text(path)}};
  if (layout_ == Layout::MaildirPlusPlus && !location.empty()) {
    notes.emplace_back("maildirfolder", "");
  }
  for (const auto& [name, text] : notes) {
    const std::string file_path = dir.path() + "/" + name;
    fs_.unlinkat(dir.fd(), name, 0);  // what a power cut left of it
    const int fd =
        fs_.openat(dir.fd(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
      throw_errno(fd, "cannot make the file", file_path);
    }
    File file(fs_, fd, file_path);
    file.write_all(text);
    data.add(file_path, std::move(file));
  }
  changed_.insert(location);
}

Folder* Folders::find(const std::vector<std::string>& path) {
  const auto known = locations_.find(path);
  if (known != locations_.end()) {
    return at(known->second);
  }
  for (unsigned choice = 0; choice < kMostChoices; ++choice) {
    const std::string location = join(folders_of(path, layout_, choice));
    Folder* folder = at(location);
    if (folder == nullptr) {
      continue;
    }
    const FolderNote note = read_note(fs_, folder->dir);
    if (note.path ? *note.path == path : choice == 0) {
      locations_[path] = location;
      return folder;
    }
  }
  return nullptr;
}

bool Folders::remove(const std::vector<std::string>& path) {
  Folder* folder = find(path);
  if (folder == nullptr) {
    return true;
  }
  const std::string location = folder->location;
  const FolderNote note = read_note(fs_, folder->dir);
  if (location.empty() || !note.path || *note.path != path) {
    return false;
  }
  std::vector<Sub> gone;
  for (const Sub sub : {Sub::New, Sub::Tmp, Sub::Cur}) {  // cur/ last: a second try finds it
    const int removed = fs_.unlinkat(folder->dir.fd(), name_of(sub), AT_REMOVEDIR);
    if (removed == -ENOTEMPTY || removed == -EEXIST) {
      for (const Sub back : gone) {
        fs_.mkdirat(folder->dir.fd(), name_of(back), 0700);
      }
      return false;
    }
    if (removed < 0 && removed != -ENOENT) {
      throw_errno(removed, "cannot remove", folder->dir.path() + "/" + name_of(sub));
    }
    gone.push_back(sub);
  }
  for (const char* file : {"dovecot-keywords", "maildirfolder", kFolderNote}) {
    fs_.unlinkat(folder->dir.fd(), file, 0);
  }
  // What lies in it still is not ours, or a mailbox beneath this one: then it stays, without being
  // a Maildir.
  changed_dir(location);
  const std::size_t slash = location.rfind('/');
  const std::string above = slash == std::string::npos ? "" : location.substr(0, slash);
  int opened = 0;
  const File parent = open_beneath(above, opened);
  const std::string name = slash == std::string::npos ? location : location.substr(slash + 1);
  const int removed = opened < 0 ? opened : fs_.unlinkat(parent.fd(), name.c_str(), AT_REMOVEDIR);
  if (removed >= 0) {
    std::erase_if(changed_, [&](const std::string& each) {
      return each == location || each.starts_with(location + "/");
    });
    changed_dir(above);
  }
  forget(location);
  return true;
}

bool Folders::is_there(Folder& folder, Sub sub, const std::string& name) {
  if (!folder.sub(sub).is_open()) {
    return false;
  }
  FileInfo info;
  const int result = fs_.stat(folder.sub(sub).fd(), name.c_str(), info);
  if (result < 0 && result != -ENOENT && result != -ENAMETOOLONG) {
    throw_errno(result, "cannot look at", folder.sub(sub).path() + "/" + name);
  }
  return result == 0 && S_ISREG(info.mode);
}

void Folders::list(Folder& folder) {
  Folder::Listing listing;
  listing.taken = now();
  // new/ first: what a reader moves meanwhile is found in cur/.
  for (const Sub sub : {Sub::New, Sub::Cur}) {
    if (!folder.sub(sub).is_open()) {
      continue;
    }
    const int listed = fs_.list(folder.sub(sub).fd(), [&](std::string_view name) {
      if (!name.starts_with('.')) {
        listing.by_base.insert_or_assign(std::string(parse_name(name).base),
                                         std::pair(sub, std::string(name)));
      }
    });
    if (listed < 0) {
      throw_errno(listed, "cannot list", folder.sub(sub).path());
    }
  }
  folder.listing = std::move(listing);
}

bool Folders::unchanged_since_listing(Folder& folder) {
  for (const Sub sub : {Sub::New, Sub::Cur}) {
    FileInfo info;
    if (folder.sub(sub).is_open() &&
        (fs_.stat(folder.sub(sub).fd(), "", info) < 0 ||
         info.mtime + 1 >= folder.listing->taken)) {  // whole seconds: it may have been since
      return false;
    }
  }
  return true;
}

std::optional<Location> Folders::listed(Folder& folder, std::string_view base) {
  const auto found = folder.listing->by_base.find(std::string(base));
  if (found == folder.listing->by_base.end()) {
    return std::nullopt;
  }
  const auto& [sub, name] = found->second;
  if (!is_there(folder, sub, name)) {
    return std::nullopt;
  }
  return Location{folder.location, sub, name};
}

std::optional<Location> Folders::find_file(const Location& location) {
  Folder* folder = location.sub == Sub::Tmp ? nullptr : at(location.folder);
  if (folder == nullptr) {
    return std::nullopt;
  }
  if (is_there(*folder, location.sub, location.name)) {
    return location;
  }
  const std::string_view base = parse_name(location.name).base;
  if (folder->listing) {
    auto found = listed(*folder, base);
    if (found || unchanged_since_listing(*folder)) {
      return found;
    }
  }
  list(*folder);
  return listed(*folder, base);
}

void Folders::changed(Folder& folder, Sub sub) {
  bool& known = folder.changed.at(static_cast<std::size_t>(sub));
  if (!known) {
    changed_.insert(beneath(folder.location, name_of(sub)));
    known = true;
  }
}

void Folders::changed_with_parents(const std::string& location) {
  std::string at;
  changed_.insert(at);
  for (const std::string& name : split(location)) {
    at = beneath(at, name);
    changed_.insert(at);
  }
}

void Folders::sync_names(DataSync& data, Trash& trash) {
  if (broken_) {
    throw_broken_sync(root_.path());
  }
  const std::size_t count = changed_.size() + trash.unsynced();
  broken_ = count > 0;  // unless all goes well
  if (count > kFewNames && data.may_sync_whole()) {
    data.sync_whole();
    trash.synced();
  } else if (count > 0) {
    int result = trash.sync();
    if (result < 0) {
      throw_sync_failure(result, root_.path());
    }
    for (const std::string& location : changed_) {
      const File dir = open_beneath(location, result);
      if (result == -ENOENT) {
        continue;  // removed since, which is a change of the one above
      }
      result = result < 0 ? result : fs_.fsync(dir.fd());
      if (result < 0) {
        throw_sync_failure(result, root_.path() + "/" + location);
      }
    }
  }
  broken_ = false;
  changed_.clear();
  for (auto& [location, folder] : folders_) {
    folder->changed = {};
  }
}

void Folders::write_keywords(DataSync& data) {
  for (auto& [location, folder] : folders_) {
    if (folder->keywords != nullptr && folder->keywords->changed()) {
      folder->keywords->write(data);
    }
  }
}

void Folders::commit_keywords() {
  for (auto& [location, folder] : folders_) {
    if (folder->keywords != nullptr && folder->keywords->changed()) {
      folder->keywords->commit();
      changed_dir(location);
    }
  }
}

void Folders::forget_listings() {
  for (auto& [location, folder] : folders_) {
    folder->listing.reset();
    folder->keywords.reset();  // readers add names, too
  }
}

void Folders::walk(const std::function<bool(Folder&)>& visit) {
  bool go_on = true;
  walk_beneath("", 0, visit, go_on);
}

void Folders::walk_beneath(const std::string& location, unsigned depth,
                           const std::function<bool(Folder&)>& visit, bool& go_on) {
  int result = 0;
  const File dir = open_beneath(location, result);
  if (is_no_folder(result)) {
    return;
  }
  if (result == -EACCES) {
    host_.log(LogLevel::Warn, "'" + printable(dir.path()) + "' may not be read and is passed over");
    return;
  }
  if (result < 0) {
    throw_errno(result, "cannot open the folder", dir.path());
  }
  if (Folder* folder = at(location)) {
    go_on = visit(*folder);
  }
  const bool flat = layout_ == Layout::MaildirPlusPlus;
  std::vector<std::string> names;
  const int listed = flat && depth > 0 ? 0 : fs_.list(dir.fd(), [&](std::string_view name) {
    const bool sub = std::find(kSubs.begin(), kSubs.end(), name) != kSubs.end();
    if (!sub && !name.starts_with(".mailpipe-") && (!flat || name.starts_with('.'))) {
      names.emplace_back(name);
    }
  });
  if (listed < 0) {
    throw_errno(listed, "cannot list", dir.path());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (go_on && depth < kDeepest) {
      walk_beneath(beneath(location, name), depth + 1, visit, go_on);
    }
  }
}

std::vector<std::string> Folders::mailbox_of(Folder& folder) const {
  FolderNote note = read_note(fs_, folder.dir);
  return note.path ? std::move(*note.path) : path_of(split(folder.location), layout_);
}

}  // namespace mailpipe::maildir
