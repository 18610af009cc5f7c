#pragma once

#include "command.hpp"
#include "directory.hpp"
#include "sync_plan.hpp"

#include <mailpipe/source.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::imap {

class Session;

/// What the mailboxes of one listing share; all borrowed.
struct SyncWorld {
  Session& session;
  const Settings& settings;
  Host& host;
  Emitter& emitter;
  Directory& directory;
  Dialect dialect;
  std::size_t room = 10'000;  ///< new messages that may wait in memory until all removals were told
};

/// One mailbox of one listing: what changed in it since its cursor, or all that it holds.
///
///   begin()                       tells the mailbox itself, and that an epoch is over
///   send() while step() is Changes or Compare: removals and flags; finish the session after each round
///   settle()                      the new messages found on the way, and the cursor
///   send() while step() is List   the other new messages; settle() after each round
///
/// send() sends all commands of a step at once and waits for nothing, so that those of many mailboxes go in one flight. A
/// mailbox that fails has step() Done and says why; its cursor stays.
///
/// Threads  One. The session calls back while it is pumped.
/// Errors   begin(), send() and settle() throw what Emitter and Session throw; what is about this mailbox is failure().
class MailboxSync {
 public:
  enum class Step : std::uint8_t { Done, Changes, Compare, List };

  /// `id`: the stream's name.
  MailboxSync(SyncWorld& world, MailboxInfo info, StreamId stream, std::string id,
              std::optional<MailboxCursor> before);

  void begin();

  Step step() const noexcept { return step_; }

  void send();

  /// Tells what was found and may be told by now. To be called when nothing is unanswered.
  void settle();

  /// How many new messages the next send() may bring.
  std::uint64_t expected() const;

  const std::optional<Error>& failure() const noexcept { return failure_; }

  /// The STATUS or EXAMINE that failure() is about: the server let nothing of the mailbox be seen.
  const std::optional<Command>& refused_command() const noexcept { return refused_; }

  Rung rung() const noexcept { return rung_; }

  const MailboxInfo& info() const noexcept { return info_; }

 private:
  /// The mailbox as the server showed it when it was opened.
  struct View {
    std::uint32_t uid_validity = 0, uid_next = 0;
    std::uint64_t at_open = 0;  ///< messages, less those that were removed since
    std::uint64_t exists = 0;   ///< messages by now
    std::uint64_t modseq = 0;
    std::string mailbox_id;
    bool no_modseq = false;
    bool open = false;  ///< EXAMINE was answered with OK
  };

  void plan();
  void begin_epoch();
  void begin_anew();
  void enter();

  void ask_id();
  void send_examine();
  Command examine() const;
  void send_changes();
  void send_list();
  void send_flags(const std::string& uids, const std::string& modifier);
  void send_search();
  void send_new(const std::string& uids);
  void send_command(const std::string& text, std::function<void(const Completion&)> done);

  void hear_examine(const Untagged& said);
  void hear_notice(const Notice& notice);
  void hear(const Untagged& said);
  void hear_row(const FetchData& row);
  void hear_new(const FetchData& row);
  bool contradicts(const FetchData& row) const;
  bool is_another() const;
  void found_another();
  bool is_new(std::uint32_t uid) const;

  void examined(const Completion& result, const Command& command);
  void flags_done(const Completion& result);
  void new_done(const Completion& result, bool with_guid);
  void one_done();
  void conclude();
  void conclude_changes();
  void compare();
  void conclude_list();
  bool all_is_shown(std::uint64_t seen);
  void checkpoint();

  void tell_flags(const FetchData& row);
  void tell_new(const FetchData& row);
  void tell_parts();
  void vanish(const UidSet& uids);
  void expunged(std::uint64_t count);
  void fail(const Error& error);

  /// The UIDs that come are those of our epoch.
  bool credited() const { return view_.uid_validity == after_.uid_validity; }

  std::string key_of(std::uint32_t uid) const;
  Item item_of(const FetchData& row) const;
  std::string item_names() const;

  SyncWorld& world_;
  const MailboxInfo info_;
  const StreamId stream_;
  const std::string id_;
  const std::optional<MailboxCursor> before_;
  MailboxCursor after_;  ///< grows into the next cursor

  Step step_ = Step::Done;
  Rung rung_ = Rung::First;
  std::optional<Error> failure_;
  std::optional<Command> refused_;
  View view_;
  unsigned unanswered_ = 0;

  UidSet scanned_;                               ///< what the server says is there
  bool scanning_ = false;                        ///< scanned_ is being filled
  bool scan_by_flags_ = false;                   ///< by the rows of FETCH
  UidSet missed_;                                ///< there, below the old UIDNEXT, but never listed
  std::map<std::uint32_t, FetchData> parts_;     ///< new, but told in part only so far
  std::vector<std::optional<Item>> deferred_;    ///< nothing: vanished before it was told
  std::map<std::uint32_t, std::size_t> places_;  ///< by UID, in deferred_
  UidSet rest_, chunk_;            ///< of a large mailbox: to be asked for, and being asked for
  std::uint32_t searched_to_ = 0;  ///< nonzero: rest_ is known, up to this UIDNEXT
  std::uint64_t news_ = 0;         ///< new messages, at most
  unsigned attempts_ = 0;          ///< that brought nothing
  std::uint64_t rows_ = 0;         ///< new messages in this step

  bool asks_new_ = false;      ///< this step asks for new messages
  bool list_pending_ = false;  ///< new messages are left for the List step
  bool compared_ = false, modseq_taken_ = false, listing_begun_ = false, told_ = false;
  bool listing_complete_ = false;
  bool initial_ = false;       ///< a listing under a new UIDVALIDITY
  bool partial_ = false;       ///< the server does not show all; nothing counts as removed
  bool replaced_ = false;      ///< another mailbox has the name and the UIDVALIDITY
  bool refetch_ = false;       ///< the server refused X-GUID
  bool rung_refused_ = false;  ///< the server cannot do what it announced
};

}  // namespace mailpipe::imap
