// What lies in folders and beneath them.
#include "file_flags.hpp"
#include "folder_note.hpp"
#include "folder_open.hpp"
#include "folders.hpp"

#include <mailpipe/printable.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr unsigned kDeepest = 200;

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

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

void Folders::walk_ours(const std::function<bool(Folder&)>& visit) {
  restores_ = true;
  walk(visit);
  restores_ = false;
}

/// Our note, and no cur/: a power cut took it, or came between it and the note when both were to go.
void Folders::restore_cur(const File& dir, const std::string& location) {
  FileInfo info;
  if (fs_.stat(dir.fd(), name_of(Sub::Cur), info) != -ENOENT ||
      fs_.stat(dir.fd(), kFolderNote, info) != 0) {
    return;
  }
  if (const FolderNote note = read_note(fs_, dir); note.path) {
    bool made = false;
    write_note(dir, location, *note.path);  // it need not be durable: see try_make()
    open_or_make(dir, location, name_of(Sub::Cur), made);
  }
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
  if (restores_) {
    restore_cur(dir, location);
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

}  // namespace mailpipe::maildir
