#include "trash.hpp"

#include "data_sync.hpp"
#include "root_folder.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace mailpipe {
namespace {

constexpr unsigned kMostAlike = 1000;
constexpr std::size_t kMostOpen = 32;

std::string time_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%d_%H%M%S", &parts)};
}

/// One folder beneath `parent`.
File open_beneath(Fs& fs, const File& parent, const std::string& name) {
  const std::string path = parent.path() + "/" + name;
  const int made = fs.mkdirat(parent.fd(), name.c_str(), 0700);
  if (made < 0 && made != -EEXIST) {
    throw_errno(made, "cannot make the folder", path);
  }
  const int fd =
      fs.openat(parent.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) {
    throw_errno(fd, "cannot open the folder", path);
  }
  File folder(fs, fd, path);
  refuse_if_others_may_write(fs, folder);
  return folder;
}

}  // namespace

Trash::Trash(Fs& fs, std::string root_path, std::chrono::sys_seconds run)
    : fs_(fs),
      path_(std::move(root_path) + ".mailpipe-trash"),
      run_(time_text(run)) {}

Trash::Folder& Trash::open_run() {
  const auto found = folders_.find("");
  if (found != folders_.end()) {
    return found->second;
  }
  File all_runs = open_root(fs_, path_);
  File run = open_beneath(fs_, all_runs, run_);
  all_runs.sync();
  return folders_.emplace("", Folder{std::move(run), false}).first->second;
}

Trash::Folder& Trash::open_folder(const std::vector<std::string>& folder) {
  Folder* at = &open_run();
  std::string path;
  for (const std::string& name : folder) {
    path += "/" + name;
    auto found = folders_.find(path);
    if (found == folders_.end()) {
      File next = open_beneath(fs_, at->file, name);
      at->file.sync();  // before anything is moved there: it would go with the folder
      found = folders_.emplace(path, Folder{std::move(next), false}).first;
    }
    at = &found->second;
  }
  return *at;
}

void Trash::take(const File& from, const std::string& name,
                 const std::vector<std::string>& folder) {
  if (folders_.size() > kMostOpen) {
    const int result = sync();
    if (result < 0) {
      throw_sync_failure(result, path_);
    }
    folders_.clear();
  }
  Folder& to_folder = open_folder(folder);
  const std::string& trash = to_folder.file.path();
  for (unsigned n = 1; n <= kMostAlike; ++n) {
    const std::string to = n == 1 ? name : std::to_string(n) + "_" + name;
    const int moved =
        fs_.rename_noreplace(from.fd(), name.c_str(), to_folder.file.fd(), to.c_str());
    if (moved >= 0) {
      to_folder.changed = true;
      return;
    }
    if (moved != -EEXIST) {
      throw_errno(moved, "cannot move to the trash '" + trash + "'", from.path() + "/" + name);
    }
  }
  throw_errno(-EEXIST, "cannot move to the trash '" + trash + "'", from.path() + "/" + name);
}

std::size_t Trash::unsynced() const {
  return static_cast<std::size_t>(std::count_if(
      folders_.begin(), folders_.end(), [](const auto& each) { return each.second.changed; }));
}

int Trash::sync() noexcept {
  for (auto& [path, folder] : folders_) {
    const int result = folder.changed ? fs_.fsync(folder.file.fd()) : 0;
    if (result < 0) {
      return result;
    }
    folder.changed = false;
  }
  return 0;
}

void Trash::synced() noexcept {
  for (auto& [path, folder] : folders_) {
    folder.changed = false;
  }
}

}  // namespace mailpipe
