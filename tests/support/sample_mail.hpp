#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mailpipe::testing {

/// A made-up message as it lies on a server. The same seed and index give the same octets on every machine.
struct SampleMail {
  std::string message;  ///< lines end in CRLF
  std::int64_t received_at = 0;
  std::vector<std::string> flags;  ///< IMAP names: "\\Seen", "$Forwarded", "work"
};

/// Sizes are lognormal with a median of 6 KB. Headers are 7-bit, raw 8-bit (UTF-8 and Latin-1) and encoded words by turns;
/// subjects hold slashes, dots and nothing at all; every keyword that JMAP registers occurs.
SampleMail make_sample(std::uint32_t seed, std::size_t index);

/// One message of about that many octets.
SampleMail make_large_sample(std::uint32_t seed, std::uint64_t octets);

struct FillOptions {
  std::size_t messages = 10000;
  std::uint32_t seed = 1;
  std::uint64_t large_octets = 0;  ///< one more message of that size, unless 0
};

/// Fills a user's mailboxes over IMAP: Inbox, Archive, Sent, Lists, Lists/dev and Projekte/Größe, every 25th message of the
/// Inbox in Archive, too. Throws std::runtime_error with what the server said.
void fill(int imap_port, const std::string& user, const std::string& password,
          const FillOptions& how);

}  // namespace mailpipe::testing
