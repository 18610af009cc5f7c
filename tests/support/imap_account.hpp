#pragma once

#include "support/line_client.hpp"
#include "support/sample_mail.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::testing {

/// A mailbox name: UTF-8 with '/' between its parts, or the very octets of the wire.
class MailboxName {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): names are written as literals in every test
  MailboxName(const char* utf8) : MailboxName(std::string(utf8)) {}

  // NOLINTNEXTLINE(google-explicit-constructor)
  MailboxName(const std::string& utf8);

  static MailboxName raw(std::string octets);

  /// In modified UTF-7 (RFC 3501, section 5.1.3), unless it was given raw.
  const std::string& octets() const noexcept { return octets_; }

  /// UTF-8; octets that are no modified UTF-7 stay as they are.
  std::string utf8() const;

 private:
  MailboxName() = default;

  std::string octets_;
};

struct ImapMessage {
  std::uint32_t uid = 0;
  std::set<std::string> flags;  ///< without \Recent
  std::int64_t received_at = 0;
  std::uint64_t size = 0;
  std::string sha256;  ///< of the octets, in hex
};

struct AppendOptions {
  std::vector<std::string> flags;
  std::int64_t received_at = 1709251198;  ///< 2024-02-29 23:59:58 UTC
};

/// One user's mail on a test server as a mail reader fills and changes it. Shares no code with source-imap.
///
/// Life cycle   Logs in at once; stays until destruction. Its commands are left out of the servers' commands().
/// Threads      One at a time.
/// Errors       Throws std::runtime_error with the command and what the server said.
class ImapAccount {
 public:
  ImapAccount(int port, std::string user, const std::string& password = "secret");

  const std::string& user() const noexcept { return user_; }

  void create(const MailboxName& name);
  void rename(const MailboxName& from, const MailboxName& to);
  void remove(const MailboxName& name);
  void subscribe(const MailboxName& name);

  /// UTF-8 names of all mailboxes that can be selected, sorted.
  std::vector<std::string> list();

  /// The UID that the message got.
  std::uint32_t append(const MailboxName& name, std::string_view message,
                       const AppendOptions& how = {});

  /// All of them, a few megabytes a command (RFC 3502).
  void append_all(const MailboxName& name, const std::vector<SampleMail>& mails);

  /// `uids` as IMAP writes sets: "1", "3:5,9", "1:*".
  void add_flags(const MailboxName& name, const std::string& uids, const std::string& flags);
  void remove_flags(const MailboxName& name, const std::string& uids, const std::string& flags);
  void set_flags(const MailboxName& name, const std::string& uids, const std::string& flags);
  void expunge(const MailboxName& name, const std::string& uids);

  /// The UIDs that they had and those that they have there (RFC 4315).
  std::map<std::uint32_t, std::uint32_t> move(const MailboxName& name, const std::string& uids,
                                              const MailboxName& to);
  std::map<std::uint32_t, std::uint32_t> copy(const MailboxName& name, const std::string& uids,
                                              const MailboxName& to);

  /// By UID, downloaded one after the other.
  std::vector<ImapMessage> messages(const MailboxName& name);

  /// STATUS: "MESSAGES", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ" and their values.
  std::map<std::string, std::uint64_t> status(
      const MailboxName& name, const std::string& items = "MESSAGES UIDNEXT UIDVALIDITY");

  /// Any other command: its untagged responses, literals inside, then the tagged one. Throws unless that is OK.
  std::vector<std::string> command(const std::string& text);

 private:
  void select(const MailboxName& name);
  void unselect();
  std::string read_response();

  LineClient connection_;
  std::string user_;
  std::string selected_;
};

}  // namespace mailpipe::testing
