#pragma once

#include "box_files.hpp"
#include "box_lock.hpp"
#include "box_reader.hpp"
#include "ends_log.hpp"
#include "file_digest.hpp"
#include "location.hpp"
#include "record.hpp"
#include "stages.hpp"
#include "tail.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>
#include <mailpipe/sink.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace mailpipe::mbox {

/// mbox files in the dialect mboxrd: one a mailbox, or one for all.
///
/// Life cycle   As Sink says.
/// Threads      One at a time.
/// Errors       Item when a message has no place, or is not there any more; Transient when somebody
///              else holds the lock of a box for long; Permanent when a box is not what we left, or a
///              sync failed; NoSpace; Config when a folder is not ours to write.
/// Identity     A message is its octets: the offset in a location is a hint, and where another message
///              lies there, the box is searched.
/// Idempotence  Within a batch, publish() may be done twice.
/// Durability   store() encodes into a staging file (Stages), sync(Data) syncs it. publish() only takes
///              down what is wanted; sync(Names) writes the plan of the append (Record), appends to
///              each box under its locks, syncs the box, and writes the record. The cost is that of a
///              batch. Recovery compares what lies behind the old length with the staged octets.
class MboxSink final : public Sink {
 public:
  MboxSink(const Options& options, Host& host);

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
  void mailbox(MailboxChange change, const Mailbox& mailbox) override;
  void read(const Receipt& receipt, const std::function<void(std::string_view)>& sink) override;
  void scan(const std::function<void(const Found&)>& found) override;

 private:
  /// A box, open and locked.
  struct Locked;

  /// A box that is read.
  struct Reading {
    std::string box;
    File file;
    FileInfo info;
    std::unique_ptr<BoxReader> reader;
  };

  /// A message, the box it goes to, and its ends.
  struct Append {
    Token token;
    std::string box;
    Ends ends;

    bool operator<(const Append& other) const {
      return std::tie(token, box) < std::tie(other.token, other.box);
    }
  };

  void writable() const;
  std::string box_of(const Mailbox& place) const;
  Location place_in(const std::string& box, std::uint64_t length, Ends ends);
  std::uint64_t expected_end(const std::string& box);
  BoxNote& note_of(const std::string& box);

  // mbox_append.cpp
  void append_published();
  void plan_appends();
  std::unique_ptr<Locked> lock(const std::string& box);
  void lock_and_append(BoxAppend& append);
  void note_done(BoxAppend& append);
  void write_append(const File& box, const BoxAppend& append);
  static void fit_to(BoxAppend& append, const FileInfo& info, std::uint64_t newlines);
  std::uint64_t newlines_wanted(const File& box, std::uint64_t size);
  void refuse_if_changed(const std::string& box, const FileInfo& info) const;
  std::vector<File> open_stages();

  // mbox_recover.cpp
  void settle();
  void settle(BoxAppend& append, const std::vector<File>& stages);
  static bool lacks_stage(const BoxAppend& append, const std::vector<File>& stages);
  void carry_out(Locked& box, BoxAppend& append);
  void settle_tail(Locked& box, BoxAppend& append, const std::vector<File>& stages);
  void rescue(const File& box, BoxAppend& append, std::uint64_t from, std::uint64_t to);
  void put_back(const File& box, BoxAppend& append);
  void check_boxes();

  // mbox_scan.cpp
  Reading* reading(const std::string& box, bool again);
  std::optional<Extent> find(const Location& location, const FileDigest& content);
  std::optional<Extent> find_in(Reading& box, const Location& location, const FileDigest& content);
  void scan_box(Reading& box, const EndsLog::Offsets& known,
                const std::function<void(const Found&)>& found);

  Host& host_;
  Fs& fs_;
  BoxFiles files_;
  bool writable_ = false;
  std::optional<Stages> stages_;
  Record record_;
  EndsLog ends_log_;
  std::map<std::string, std::vector<std::string>> paths_;  ///< of boxes that this run stores to
  std::map<std::string, std::uint64_t> ends_;  ///< where the next message of a box will lie
  std::vector<Append> published_;              ///< since the last sync of the names
  std::set<Append> waiting_;                   ///< the same
  std::set<Append> appended_;                  ///< by the last one
  bool carries_on_ = false;                    ///< the ledger asks for what a killed run had begun
  bool settled_ = false;                       ///< what a killed run left is cleared up
  bool noted_ = false;  ///< the record has a box more, or less, than its file
  bool broken_ = false;
  std::optional<Reading> reading_;
  std::int64_t shift_ = 0;  ///< by which the last message lay beside its hint
};

}  // namespace mailpipe::mbox
