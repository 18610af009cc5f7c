#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::test {

/// A file or folder of the journal, for ever: an inode's number may come back, this does not.
using Node = std::uint64_t;

/// One thing that happened to the disk, in order.
struct Change {
  enum class Kind : std::uint8_t {
    Name,       ///< `node` has the name (create, mkdir, link)
    Unname,     ///< it has it no more
    Rename,     ///< from (folder, name) to (to_folder, to_name), whole or not at all
    Write,      ///< `octets` at `offset`
    Truncate,   ///< to `offset` octets
    Mtime,      ///< `offset` seconds
    SyncData,   ///< fdatasync() or fsync() of a file
    SyncNames,  ///< fsync() of a folder
    SyncAll,    ///< syncfs() of the file system of `node`
    DropData,  ///< a sync of the file failed: what was written is gone, and the next sync will not say so
    DropAll,  ///< the same of all files of its file system
  };

  Kind kind = Kind::Name;
  Node node = 0;
  Node folder = 0, to_folder = 0;
  std::string name, to_name;
  std::string octets;
  std::uint64_t offset = 0;
};

struct NodeInfo {
  bool is_folder = false;
  bool is_state = false;  ///< beneath `state`: may be another file system than the sinks'
  std::uint32_t mode = 0600;
  std::uint64_t inode = 0;  ///< what stat() said
};

/// What was done beneath one folder, as the calls came back: those of a CrashFs and of SQLite in one order.
///
/// Threads  Any; each change is made and written down under lock(), so that the order is the true one.
class DiskJournal {
 public:
  static constexpr Node kRoot = 1;

  explicit DiskJournal(const std::string& root);

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  /// Where a path leads: its folder and its last name. Folder 0: not beneath the root.
  struct Slot {
    Node folder = 0;
    std::string name;
  };

  // All below under lock().
  Slot slot(int dir, const char* path);
  Node node_of(int fd) const;                     ///< 0: not ours
  Node node_at(int dir, const char* path) const;  ///< 0: nothing there, or not ours
  /// A new file or folder, open or at `path`.
  Node created(const Slot& slot, int dir, const char* path);
  /// Folders that lie in an open one and that something else than the seam made: made now.
  void meet_folders(int dir, Node folder);
  void note(Change change);
  void write(Node node, std::uint64_t offset, std::string_view octets);

  const std::vector<Change>& changes() const noexcept { return changes_; }

  const std::map<Node, NodeInfo>& nodes() const noexcept { return nodes_; }

 private:
  Node known(std::uint64_t inode) const;
  Node folder_at(int dir, const std::string& path);
  Node add(const struct stat& info, Node folder, const std::string& name);

  std::mutex mutex_;
  std::string root_;
  std::map<std::uint64_t, Node> by_inode_;
  std::map<Node, NodeInfo> nodes_;
  std::vector<Change> changes_;
};

}  // namespace mailpipe::test
