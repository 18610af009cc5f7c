// What changed in folders, and how it becomes durable.
#include "folders.hpp"

#include <cerrno>

namespace mailpipe::maildir {

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
  broken_ = count > 0 || unsure_;  // unless all goes well
  if ((count > kFewNames || unsure_) && data.may_sync_whole()) {
    data.sync_whole();
    trash.synced();
  } else if (count > 0) {
    const int result = trash.sync();
    if (result < 0) {
      throw_sync_failure(result, root_.path());
    }
    for (const std::string& location : changed_) {
      sync_folder(location);
    }
  }
  broken_ = false;
  unsure_ = false;
  changed_.clear();
  for (auto& [location, folder] : folders_) {
    folder->changed = {};
  }
}

void Folders::sync_folder(const std::string& location) {
  int result = 0;
  const File dir = open_beneath(location, result);
  if (result == -ENOENT) {
    return;  // removed since, which is a change of the one above
  }
  result = result < 0 ? result : fs_.fsync(dir.fd());
  if (result < 0) {
    throw_sync_failure(result, root_.path() + "/" + location);
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
    }
  }
}

void Folders::sync_keywords(DataSync& data) {
  std::vector<Folder*> unsure;
  for (auto& [location, folder] : folders_) {
    if (folder->keywords != nullptr && folder->keywords->unsure()) {
      unsure.push_back(folder.get());
    }
  }
  if (unsure.empty()) {
    return;
  }
  if (broken_) {
    throw_broken_sync(root_.path());
  }
  broken_ = true;  // unless all goes well
  if (unsure.size() > kFewNames && data.may_sync_whole()) {
    data.sync_whole();
  } else {
    for (const Folder* folder : unsure) {
      sync_folder(folder->location);
    }
  }
  broken_ = false;
  for (const Folder* folder : unsure) {
    folder->keywords->synced();
  }
}

}  // namespace mailpipe::maildir
