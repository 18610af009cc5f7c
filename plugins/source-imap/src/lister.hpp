#pragma once

#include "directory.hpp"
#include "mailbox_sync.hpp"
#include "stream_match.hpp"

#include <deque>
#include <map>
#include <vector>

namespace mailpipe::imap {

/// One listing of the account: finds the mailboxes, and brings each from its cursor to now.
///
/// All removals and flag changes are told before the first new message, so that a message that was moved is gone from where
/// it was before it is listed where it is. Each round is one flight of commands over all mailboxes.
///
/// Threads  One.
/// Errors   run() throws Error. What is wrong with single mailboxes is thrown when all others are done.
class Lister {
 public:
  Lister(Session& session, const Settings& settings, Host& host, Emitter& emitter,
         Directory& directory);

  void run(const Cursors& cursors);

  /// What run() would list, for check(): says in the log what was found.
  void look();

 private:
  std::vector<MailboxInfo> chosen(const Account& account) const;
  void begin_all(const Cursors& cursors, const Account& account,
                 std::vector<MailboxInfo> mailboxes);
  void tell_removed(const StreamMatch& match, const Account& account,
                    const std::vector<MailboxInfo>& matched);
  void find_changes();
  void list_new();
  void report() const;
  void look_for_failed();
  Error why_passing(const MailboxSync& mailbox, bool left) const;
  const Error* failure_of(const MailboxSync& mailbox) const;
  void throw_failures() const;

  Session& session_;
  const Settings& settings_;
  Host& host_;
  Emitter& emitter_;
  Directory& directory_;
  SyncWorld world_;
  std::deque<MailboxSync> mailboxes_;
  std::map<const MailboxSync*, Error> passing_;  ///< failures that listing again may mend
};

}  // namespace mailpipe::imap
