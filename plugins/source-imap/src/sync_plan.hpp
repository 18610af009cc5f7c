#pragma once

#include "cursor.hpp"
#include "discovery.hpp"
#include "settings.hpp"

namespace mailpipe::imap {

/// How what changed in a mailbox is found out, from the cheapest on.
enum class Rung : std::uint8_t {
  Unchanged,  ///< STATUS says that nothing did
  QResync,    ///< EXAMINE (QRESYNC ...) tells flags and removals
  CondStore,  ///< FETCH (CHANGEDSINCE ...) tells flags; removals by difference
  Plain,      ///< all flags; removals by difference
  First,      ///< nothing is known of it: everything is listed
};

const char* counter_of(Rung rung);

/// Whether the UIDs that the cursor knows mean nothing any more: another UIDVALIDITY, or UIDs given out a second time by a
/// mailbox that was restored from an older copy.
bool epoch_is_over(const StatusData& now, const MailboxCursor& before);

/// For a mailbox whose epoch is not over. A HIGHESTMODSEQ that is zero, missing or smaller than before is not trusted.
Rung rung_for(const StatusData& now, const MailboxCursor& before, const Dialect& dialect,
              FlagScan flags);

/// Whether new messages alone explain the number: then nothing was removed.
bool adds_up(const StatusData& now, const MailboxCursor& before);

}  // namespace mailpipe::imap
