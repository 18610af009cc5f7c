#pragma once

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace mailpipe::mbox {

enum class Layout : std::uint8_t { PerMailbox, Single };

/// The files of a sink: boxes, and a folder of our own, mode 0700.
///
///   per_mailbox   PATH/ is the root, PATH/.mailpipe-mbox/ ours
///   single        PATH is the box, called "mbox" in locations, PATH.mailpipe/ ours
///
/// Life cycle   open() once.
/// Threads      One.
/// Errors       As root_folder.hpp and throw_errno. Beneath the root no symbolic link is followed.
/// Durability   Names of boxes and folders that were made are durable after sync().
class BoxFiles {
 public:
  static constexpr const char* kSingleBox = "mbox";

  BoxFiles(Host& host, Layout layout, std::string path);

  void open(bool read_only);

  Layout layout() const noexcept { return layout_; }

  /// Not open after a look at a folder that is missing.
  bool is_open() const noexcept { return root_.is_open(); }

  /// Our own folder; not open where is_open() is false, or after a look at one that is missing.
  File& own() noexcept { return own_; }

  /// Where the engine's marker goes.
  File& marked() noexcept { return layout_ == Layout::Single ? own_ : root_; }

  /// The folder of a box, and what its file is called there.
  struct Place {
    File folder;  ///< not open: it is missing
    std::string name;
  };

  /// Makes missing folders if `make`.
  Place place_of(const std::string& box, bool make);

  /// Opens a box for reading, or for writing as well. `result` is 0 or -errno; -ENOENT also for what is
  /// no regular file.
  File open_box(const Place& place, bool write, int& result);

  /// Opens a box for reading. Not open if it is missing or no regular file; any other failure is thrown.
  File open_if_there(const std::string& box, FileInfo& info);

  /// As open_box() for writing; makes an empty one, durable with sync(), if there is none. Throws Config if something
  /// else has its name.
  File make_box(const Place& place);

  /// All that may be boxes, in the order of their names.
  void for_each_box(const std::function<void(const std::string& box)>& found);

  /// The name of the box, as people know it.
  std::string path_of(const std::string& box) const;

  /// Names that were made since the last time. Throws as throw_sync_failure.
  void sync();

 private:
  void open_single(bool read_only);
  File folder_beneath(const File& parent, const std::string& name, bool make);
  void walk(const File& folder, const std::string& prefix,
            const std::function<void(const std::string&)>& found);
  void changed(const File& folder);

  Host& host_;
  Fs& fs_;
  Layout layout_;
  std::string path_;
  std::string name_;  ///< single: of the box in its folder
  File root_, own_;
  std::map<std::string, File> changed_;  ///< folders with names that are not durable yet, by path
  std::set<std::string>
      sure_;  ///< what was there, and perhaps not durable, when this run met it first
};

}  // namespace mailpipe::mbox
