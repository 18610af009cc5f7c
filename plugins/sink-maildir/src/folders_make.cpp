// The folders of mailboxes: found, made and removed.
#include "folder_note.hpp"
#include "folder_open.hpp"
#include "folders.hpp"
#include "root_folder.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr unsigned kMostChoices = 3;

bool is_whole(const Folder& folder) {
  return folder.sub(Sub::Tmp).is_open() && folder.sub(Sub::New).is_open();
}

}  // namespace

Folder& Folders::make(const std::vector<std::string>& path) {
  const auto known = locations_.find(path);
  if (known != locations_.end()) {
    Folder* folder = at(known->second);
    if (folder != nullptr && folder->sure && is_whole(*folder)) {
      return *folder;
    }
  }
  for (unsigned choice = 0; choice < kMostChoices; ++choice) {
    const std::string location = join(folders_of(path, layout_, choice));
    if (!try_make(path, location)) {
      continue;
    }
    int result = 0;
    Folder* folder = use(get(location), result);
    if (folder == nullptr) {
      throw_errno(result, "cannot open the folder", root_.path() + "/" + location);
    }
    locations_[path] = location;
    if (!std::exchange(folder->sure, true)) {
      changed_with_parents(location);  // a run that was killed may have made it, and synced nothing
    }
    return *folder;
  }
  throw Error(ErrorClass::Item, "every folder for the mailbox '" + printable(join(path)) +
                                    "' belongs to another one");
}

/// Makes what is missing of a folder; false when it is another mailbox's.
bool Folders::try_make(const std::vector<std::string>& path, const std::string& location) {
  if (broken_) {
    throw_broken_sync(root_.path());
  }
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
  const bool has_cur = fs_.stat(dir.fd(), name_of(Sub::Cur), info) == 0;
  const bool foreign = !note.exists && has_cur;
  if (!foreign && (!note.path || !has_cur)) {  // before there is a cur/, it need not be durable
    write_note(dir, location, path);
  }
  refuse_if_others_may_write(fs_, dir);
  for (const Sub sub : {Sub::Tmp, Sub::New, Sub::Cur}) {  // cur/ last: it makes it a Maildir
    refuse_if_others_may_write(fs_, open_or_make(dir, location, name_of(sub), made));
    if (made) {
      forget(location);  // it may be open without, if a power cut took it
    }
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
                         const std::vector<std::string>& path) {
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
    sync_note(fs_.fdatasync(file.fd()), file_path);
    file.close();
  }
  // Before there is a cur/: a folder with one and without a note would count as somebody else's for ever.
  sync_note(fs_.fsync(dir.fd()), dir.path());
}

void Folders::sync_note(int result, const std::string& path) {
  if (result < 0) {
    broken_ = true;
    throw_sync_failure(result, path);
  }
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
    remove_rest(path);
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
  clear_away(location, folder->dir);
  forget(location);
  return true;
}

/// A folder without cur/, new/ and tmp/, and the parts of it that are ours.
void Folders::clear_away(const std::string& location, const File& dir) {
  for (const char* file :
       {"dovecot-keywords", "maildirfolder", ".mailpipe-keywords", kFolderNote}) {
    if (const int removed = fs_.unlinkat(dir.fd(), file, 0); removed < 0 && removed != -ENOENT) {
      throw_errno(removed, "cannot remove", dir.path() + "/" + file);
    }
  }
  changed_dir(location);
  remove_empty(location);
}

/// What lies in it still is not ours, or a mailbox beneath this one: then it stays, without being a Maildir.
void Folders::remove_empty(const std::string& location) {
  const std::size_t slash = location.rfind('/');
  const std::string above = slash == std::string::npos ? "" : location.substr(0, slash);
  int opened = 0;
  const File parent = open_beneath(above, opened);
  const std::string name = slash == std::string::npos ? location : location.substr(slash + 1);
  const int removed = opened < 0 ? opened : fs_.unlinkat(parent.fd(), name.c_str(), AT_REMOVEDIR);
  const bool used = removed == -ENOTEMPTY || removed == -EEXIST || removed == -EBUSY;
  if (used || is_no_folder(removed)) {
    return;
  }
  if (removed < 0) {
    throw_errno(removed, "cannot remove the folder", root_.path() + "/" + location);
  }
  std::erase_if(changed_, [&](const std::string& each) {
    return each == location || each.starts_with(location + "/");
  });
  changed_dir(above);
}

/// A run that was killed in remove() leaves a folder that is no Maildir any more: with our note, or with nothing in it.
void Folders::remove_rest(const std::vector<std::string>& path) {
  for (unsigned choice = 0; choice < kMostChoices; ++choice) {
    const std::string location = join(folders_of(path, layout_, choice));
    int opened = 0;
    const File dir = open_beneath(location, opened);
    if (is_no_folder(opened) || location.empty() || at(location) != nullptr) {
      continue;
    }
    if (opened < 0) {
      throw_errno(opened, "cannot open the folder", root_.path() + "/" + location);
    }
    const FolderNote note = read_note(fs_, dir);
    if (note.path && *note.path == path) {
      clear_away(location, dir);
    } else if (!note.exists) {
      remove_empty(location);
    }
  }
}

std::vector<std::string> Folders::mailbox_of(Folder& folder) const {
  FolderNote note = read_note(fs_, folder.dir);
  return note.path ? std::move(*note.path) : path_of(split(folder.location), layout_);
}

}  // namespace mailpipe::maildir
