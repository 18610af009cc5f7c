#pragma once

#include "api.hpp"

#include <mailpipe/item.hpp>

#include <string>
#include <vector>

namespace mailpipe::jmap {

/// A Mailbox as the server has it (RFC 8621 section 2).
struct MailboxRow {
  std::string id;
  std::string name;
  std::string parent;  ///< empty: at the top
  std::string role;
};

/// Reads a Mailbox/get result. Throws Error (Permanent) for what is no mailbox.
std::vector<MailboxRow> read_mailboxes(const MethodResult& result);

/// Each with its path from the root. Names are taken as they are. A parent that is not there, or that is its own
/// descendant, counts as the top. Throws Error (Permanent) beyond a hundred levels.
std::vector<Mailbox> with_paths(const std::vector<MailboxRow>& rows);

}  // namespace mailpipe::jmap
