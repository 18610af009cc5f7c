#pragma once

#include "uid_set.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mailpipe::imap {

/// Up to where a mailbox has been listed: what the cursor of its stream holds.
struct MailboxCursor {
  std::string name;        ///< raw, when it was listed last
  std::string mailbox_id;  ///< MAILBOXID (RFC 8474), or empty
  std::uint32_t uid_validity = 0;
  std::uint32_t epoch =
      0;  ///< how many UIDVALIDITYs (or restored mailboxes) came before; makes keys unique
  std::uint32_t uid_next = 0;
  std::uint64_t highest_modseq = 0;  ///< 0: not to be trusted
  std::uint64_t messages = 0;
  UidSet known;
  bool partial = false;  ///< the server showed less than it has: STATUS does not tell what changed
  bool gone = false;     ///< the mailbox was removed, and what it held was told so

  std::string to_text() const;

  /// Nothing for a cursor that is not ours: then the mailbox is listed anew.
  static std::optional<MailboxCursor> from_text(const std::string& text);

  friend bool operator==(const MailboxCursor&, const MailboxCursor&) = default;
};

}  // namespace mailpipe::imap
