#include "state/put_aside.hpp"

#include <mailpipe/file.hpp>

#include <cerrno>
#include <utility>

namespace mailpipe::state {
namespace {

constexpr const char* kLog = "-wal";    // committed, and not yet in the ledger's file
constexpr const char* kIndex = "-shm";  // of the log; SQLite makes it anew

/// The state folder, and steps in it that may find nothing to do.
class Folder {
 public:
  Folder(Fs& fs, std::filesystem::path path)
      : fs_(fs),
        path_(std::move(path)),
        dir_(open_dir(fs, AT_FDCWD, (path_ / ".").string())) {}  // "/.": behind a link

  bool has(const std::string& name) const {
    FileInfo info;
    return found(fs_.stat(dir_.fd(), name.c_str(), info), "cannot look at", name);
  }

  void remove(const std::string& name) const {
    found(fs_.unlinkat(dir_.fd(), name.c_str(), 0), "cannot remove", name);
  }

  /// False: the file system has no links.
  bool link(const std::string& from, const std::string& to) const {
    const int result = fs_.linkat(dir_.fd(), from.c_str(), dir_.fd(), to.c_str());
    if (result == -EPERM || result == -EOPNOTSUPP || result == -ENOSYS) {
      return false;
    }
    found(result, "cannot link", from);
    return true;
  }

  void rename(const std::string& from, const std::string& to) const {
    found(fs_.rename(dir_.fd(), from.c_str(), dir_.fd(), to.c_str()), "cannot move aside", from);
  }

  void sync() { dir_.sync(); }

 private:
  bool found(int result, const char* what, const std::string& name) const {
    if (result < 0 && result != -ENOENT) {
      throw_errno(result, what, (path_ / name).string());
    }
    return result >= 0;
  }

  Fs& fs_;
  std::filesystem::path path_;
  File dir_;
};

std::string free_name(const Folder& folder, const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; folder.has(name); ++i) {
    name = wanted + "-" + std::to_string(i);
  }
  return name;
}

}  // namespace

std::string put_aside(Fs& fs, const std::filesystem::path& file) {
  Folder folder(fs, file.parent_path());
  const std::string from = file.filename().string();
  std::string to;
  if (folder.has(from)) {
    to = free_name(folder, from + ".before-rebuild");
    folder.remove(to + kLog);  // of an attempt that was killed here
    const bool linked = folder.link(from + kLog, to + kLog);
    folder.sync();  // before the ledger has the name, its log has it
    folder.rename(from, to);
    if (!linked) {
      folder.sync();
      folder.rename(from + kLog, to + kLog);
    }
    folder.sync();  // before the log loses its name, the ledger has lost it
  }
  // Beside a new ledger the log would be taken for its own.
  folder.remove(from + kLog);
  folder.remove(from + kIndex);
  return to;
}

}  // namespace mailpipe::state
