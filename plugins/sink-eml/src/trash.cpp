#include "trash.hpp"

#include "root_folder.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace mailpipe::eml {
namespace {

constexpr unsigned kMostAlike = 1000;

std::string time_text(std::chrono::sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%d_%H%M%S", &parts)};
}

/// One folder beneath `parent`, made durable.
File open_beneath(Fs& fs, File& parent, const std::string& name) {
  const std::string path = parent.path() + "/" + name;
  const int made = fs.mkdirat(parent.fd(), name.c_str(), 0700);
  if (made < 0 && made != -EEXIST) {
    throw_errno(made, "cannot make the folder", path);
  }
  parent.sync();
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

void Trash::take(const File& root, const std::string& name) {
  if (!folder_.is_open()) {
    File all_runs = open_root(fs_, path_);
    folder_ = open_beneath(fs_, all_runs, run_);
  }
  for (unsigned n = 1; n <= kMostAlike; ++n) {
    const std::string to = n == 1 ? name : std::to_string(n) + "_" + name;
    const int moved = fs_.rename_noreplace(root.fd(), name.c_str(), folder_.fd(), to.c_str());
    if (moved >= 0) {
      changed_ = true;
      return;
    }
    if (moved != -EEXIST) {
      throw_errno(moved, "cannot move to the trash '" + folder_.path() + "'",
                  root.path() + "/" + name);
    }
  }
  throw_errno(-EEXIST, "cannot move to the trash '" + folder_.path() + "'",
              root.path() + "/" + name);
}

int Trash::sync() noexcept {
  const int result = changed_ ? fs_.fsync(folder_.fd()) : 0;
  changed_ = changed_ && result < 0;
  return result;
}

}  // namespace mailpipe::eml
