#pragma once

#include "data_sync.hpp"
#include "file_digest.hpp"
#include "folders.hpp"
#include "layout.hpp"
#include "location.hpp"
#include "mbsync_state.hpp"
#include "staging_names.hpp"
#include "trash.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/sink.hpp>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::maildir {

/// A tree of Maildirs: a folder a mailbox, a file a message, a hard link a place.
///
/// Life cycle   As Sink says. The root is opened once; all work goes through its descriptor.
/// Threads      One at a time.
/// Errors       Item when a message has no place, when what is to be linked is gone, or a name is
///              taken by somebody else's file (the next try takes another name); NoSpace and
///              Permanent when a write or sync fails; Config when a folder is not ours to write.
/// Identity     A stored file is the part of its name before ":2,", in new/ or cur/ of its folder:
///              readers rename files and change flags while we run.
/// Idempotence  A message of the same key and octets has the same name.
/// Durability   store() writes into tmp/ of the first place's folder, sync(Data) makes it durable,
///              publish() links it into the further places and renames it into the first, all of
///              them replacing nothing, sync(Names) covers every folder touched.
class MaildirSink final : public Sink {
 public:
  MaildirSink(const Options& options, Host& host);

  void open(bool read_only) override;
  RootState root() override;
  void mark(const std::string& text) override;
  Staged store(const Item& item, const Body& body) override;
  Staged link(const Receipt& receipt, const Item& item, const std::string& place) override;
  void publish(const Staged& staged) override;
  void discard(const Staged& staged) override;
  void sync(SyncPhase phase) override;
  bool recover(const Intent& intent) override;
  void sweep() override;
  std::string update(const Receipt& receipt, const Item& item) override;
  void remove(const Receipt& receipt, Removal how) override;
  void mailbox(MailboxChange change, const Mailbox& mailbox) override;
  void read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) override;
  void scan(const std::function<void(const Found&)>& found) override;

 private:
  /// A file in tmp/ that goes away again unless it is kept.
  class Draft;

  Folders& writable();
  Location choose(const Item& item, const Mailbox& place, const FileDigest& content);
  std::string letters_of(Folder& folder, const std::vector<std::string>& keywords, bool add);
  void write_keywords();
  Placed place_of(const Item& item, const Mailbox& place, const FileDigest& content);
  Draft draft(const std::vector<std::string>& path);
  Staged keep(Draft draft, const FileDigest& content, std::vector<Placed> placed);
  Staged copy(const Location& from, const Item& item, const Mailbox& to, const FileDigest& content,
              std::vector<Placed> placed);
  bool publish_link(const Location& from, const Location& to);
  int publish_copy(const Location& from, const Location& to);
  void publish_rename(const Location& from, const Location& to);
  bool taken_or_there(int result, const Location& from, const Location& to);
  void take_back(const std::vector<Location>& links) noexcept;
  std::optional<Location> file_of(const Receipt& receipt);
  bool lies_there(const Location& location, const FileDigest& content);
  std::optional<FileDigest> content_of(const std::string& token) const;

  static FileDigest content_of(const Receipt& receipt) { return {receipt.size, receipt.digest}; }

  File open_file(const Location& location, int& result);
  void remove_staging(const std::string& token);
  void scan_folder(Folder& folder, const std::function<void(const Found&)>& found);
  std::string mbsync_box(const std::string& location) const;
  std::optional<Found> found_at(const Location& location, const std::optional<MbsyncState>& state);

  std::string path_of(const std::string& location) const { return path_ + "/" + location; }

  Host& host_;
  Fs& fs_;
  std::string path_;
  SyncMode sync_mode_;
  Layout layout_;
  std::string mbsync_state_;  ///< where mbsync keeps its state if not in the folders, or empty
  File root_;                 ///< not open after a look at a folder that is missing
  bool writable_ = false;
  std::optional<DataSync> data_;
  std::optional<Folders> folders_;
  Trash trash_;
  StagingNames names_;
  // What publish() compares with when it is asked twice, by token: staged; published since the last
  // sync of the names; published before it, for one more batch.
  std::map<std::string, FileDigest> staged_, published_, settled_;
  std::set<std::string> taken_;  ///< bases, by location, that somebody else's files have
};

}  // namespace mailpipe::maildir
