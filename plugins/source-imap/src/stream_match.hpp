#pragma once

#include "cursor.hpp"
#include "discovery.hpp"

#include <mailpipe/source.hpp>

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace mailpipe::imap {

/// Finds the streams of earlier runs again.
///
/// A stream is named after its mailbox's raw name when it was new, with a number where a mailbox that is called otherwise by
/// now had it before. Where the server tells MAILBOXID a renamed mailbox keeps its stream; else a rename is another mailbox,
/// and never is one guessed by its UIDVALIDITY.
class StreamMatch {
 public:
  /// A stream of an earlier run.
  struct Known {
    StreamId stream = 0;
    std::string stream_name;
    std::optional<MailboxCursor> cursor;  ///< nothing: no listing was ever completed
    std::string name;                     ///< the mailbox's raw name when it was listed last
    bool taken = false;                   ///< its mailbox is there
  };

  explicit StreamMatch(const Cursors& cursors);

  /// Whether a known mailbox may have got another name. Then no name is sure without its MAILBOXID, not even with an old
  /// UIDVALIDITY: Cyrus gives UIDVALIDITYs twice.
  bool unsure(const std::vector<MailboxInfo>& mailboxes);

  struct Match {
    std::string stream_name;
    std::optional<MailboxCursor> before;
  };

  /// The stream of each mailbox, in their order. To be called once.
  std::vector<Match> match(const std::vector<MailboxInfo>& mailboxes);

  const std::vector<Known>& known() const noexcept { return known_; }

 private:
  Known* find_by_id(const std::string& mailbox_id);
  Known* find_by_name(const MailboxInfo& mailbox);
  Known* find_begun(const std::string& raw);
  Known* find_stream(const std::string& stream_name);
  std::string unused_name(const std::string& raw);

  std::vector<Known> known_;
  std::unordered_map<std::string, std::size_t> by_id_, by_name_;
  std::set<std::string> stream_names_;
};

}  // namespace mailpipe::imap
