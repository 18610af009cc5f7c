#pragma once

#include "data_sync.hpp"
#include "keyword_table.hpp"
#include "layout.hpp"
#include "location.hpp"
#include "trash.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace mailpipe::maildir {

/// One Maildir. Folders::use() opens what is closed.
struct Folder {
  std::string location;
  File dir;
  std::array<File, 3> subs;
  KeywordMemory keyword_memory;
  std::unique_ptr<KeywordTable> keywords;

  struct Listing {
    std::unordered_map<std::string, std::pair<Sub, std::string>> by_base;
    std::int64_t taken = 0;
  };

  std::optional<Listing> listing;
  std::array<bool, 2> changed{};  ///< cur/ and new/: names that are not synced
  bool sure = false;  ///< its own name, and those in it, are durable, or will be by the next sync

  const File& sub(Sub which) const { return subs.at(static_cast<std::size_t>(which)); }
};

/// The folders of one root.
///
/// Life cycle   Folders are opened, or made, when they are needed first; kMostOpen stay open.
/// Threads      One.
/// Ownership    A Folder is this object's; it stays open at least until a second other one is used.
/// Errors       As throw_errno. No symbolic link is followed beneath the root.
/// Durability   sync_names().
class Folders {
 public:
  static constexpr std::size_t kMostOpen = 64;
  static constexpr std::size_t kFewNames = 4;  ///< fsync each, one syncfs from there on

  Folders(Fs& fs, Host& host, const File& root, Layout layout);

  /// The folder of a mailbox; made when it is missing.
  Folder& make(const std::vector<std::string>& path);

  /// The same, or null.
  Folder* find(const std::vector<std::string>& path);

  /// The folder that lies there, open; or null.
  Folder* at(const std::string& location);

  /// Takes away a folder that we made and in which nothing lies. Says whether it is gone.
  bool remove(const std::vector<std::string>& path);

  /// What is known of a folder may be wrong: it is opened anew.
  void forget(const std::string& location);

  /// A file by its name or, when a reader renamed it, by the part before ":2,"; the listing that
  /// takes is kept until forget_listings().
  std::optional<Location> find_file(const Location& location);

  /// A name in this folder was made, moved or taken away.
  void changed(Folder& folder, Sub sub);

  /// What a run before this one did need not be durable, wherever it was.
  void unsure() noexcept { unsure_ = true; }

  void changed_dir(const std::string& location) { changed_.insert(location); }

  /// A folder and all above it may be new to the disk.
  void changed_with_parents(const std::string& location);

  /// The trash first: after a power cut a file may lie in both folders, never in none. One syncfs
  /// in place of many fsyncs is as strong: the names lie in the file system's log in the order in
  /// which they were made, and all of it is on disk when it returns.
  void sync_names(DataSync& data, Trash& trash);

  /// Tables of keywords with new names: into their files, then into place, and then durable, those that were found, too.
  void write_keywords(DataSync& data);
  void commit_keywords();
  void sync_keywords(DataSync& data);

  void forget_listings();

  /// Every folder with a cur/ beneath the root, in order; `false` from the function ends it.
  void walk(const std::function<bool(Folder&)>& visit);

  /// The same, in those of ours that have lost their cur/ too; it is made again.
  void walk_ours(const std::function<bool(Folder&)>& visit);

  /// The mailbox of a folder: as its note says, or else as its name tells.
  std::vector<std::string> mailbox_of(Folder& folder) const;

  /// Opens a folder of any kind beneath the root; `result` is 0 or -errno.
  File open_beneath(const std::string& location, int& result) const;

 private:
  Folder* use(Folder& folder, int& result);
  Folder& get(const std::string& location);
  void list(Folder& folder);
  void sync_folder(const std::string& location);
  bool unchanged_since_listing(Folder& folder);
  std::optional<Location> listed(Folder& folder, std::string_view base);
  bool is_there(Folder& folder, Sub sub, const std::string& name);
  void clear_away(const std::string& location, const File& dir);
  void remove_empty(const std::string& location);
  void remove_rest(const std::vector<std::string>& path);
  bool try_make(const std::vector<std::string>& path, const std::string& location);
  File open_or_make(const File& parent, const std::string& parent_location, const std::string& name,
                    bool& made);
  void write_note(const File& dir, const std::string& location,
                  const std::vector<std::string>& path);
  void sync_note(int result, const std::string& path);
  void restore_cur(const File& dir, const std::string& location);
  void walk_beneath(const std::string& location, unsigned depth,
                    const std::function<bool(Folder&)>& visit, bool& go_on);

  Fs& fs_;
  Host& host_;
  const File& root_;
  Layout layout_;
  std::map<std::string, std::unique_ptr<Folder>> folders_;
  std::map<std::vector<std::string>, std::string> locations_;  ///< by the path of the mailbox
  std::list<Folder*> open_;                                    ///< last used last
  std::set<std::string> changed_;  ///< folders, by location, whose names are not synced
  bool broken_ = false;
  bool unsure_ = false;
  bool restores_ = false;
};

}  // namespace mailpipe::maildir
