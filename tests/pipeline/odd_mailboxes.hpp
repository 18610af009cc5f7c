#pragma once

#include "support/imap_account.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mailpipe::test {

/// As many folders as the account has that the seed's .mbsyncrc copies.
inline constexpr std::size_t kOddMailboxes = 173;

/// Names with everything that a server lets pass, three deep; a third of the mailboxes is empty. Returns the names that the
/// server refused.
std::vector<std::string> fill_odd_mailboxes(mailpipe::testing::ImapAccount& account);

}  // namespace mailpipe::test
