#pragma once

#include "support/imap_account.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// A message as a Maildir shows it. Shares no code with sink-maildir.
struct MailFile {
  std::filesystem::path path;
  std::string sha256;
  std::uint64_t size = 0;
  std::set<std::string> flags;  ///< IMAP names, in lower case
  std::int64_t time = 0;        ///< of the file: seconds since 1970
};

/// By folder, relative to the root: "Lists/dev".
using MailTree = std::map<std::string, std::vector<MailFile>>;

/// All Maildirs below `root`, empty ones too.
MailTree read_maildirs(const std::filesystem::path& root);

/// Where layout verbatim has a mailbox.
std::string folder_of(const mailpipe::testing::MailboxName& name);

/// What is the same on server and disk: "<SHA-256> <seconds> <flags>" of each message, by folder.
using Contents = std::map<std::string, std::multiset<std::string>>;

Contents contents_of_tree(const MailTree& tree);
Contents contents_of_account(mailpipe::testing::ImapAccount& account);

/// Only the digests.
Contents digests_in(const Contents& contents);

/// One line for each difference, the first few; empty where there is none.
std::string difference(const Contents& expected, const Contents& found);

/// Lower case, in hex.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace mailpipe::test
