#pragma once

#include "support/server_folder.hpp"

#include <gtest/gtest.h>

#include <compare>
#include <string>
#include <vector>

namespace mailpipe::testing {

/// How one Dovecot differs from the usual one.
///
/// What `capabilities` leaves out is hidden, not gone: Dovecot still obeys ENABLE QRESYNC, CHANGEDSINCE or RETURN (STATUS ...),
/// and still tells HIGHESTMODSEQ. A test that a client keeps to what was offered must look at commands().
struct DovecotOptions {
  /// After login; empty: all that Dovecot has, and that is what Full gives. The variants below are complete lists.
  std::string capabilities;

  /// As the setting of that name, "maildir:/folder:LAYOUT=fs"; empty: an sdbox for each user.
  std::string mail_location;

  /// Further lines of dovecot.conf, read last.
  std::string more_settings;

  static DovecotOptions full() { return {}; }

  static DovecotOptions without_qresync();

  static DovecotOptions without_condstore();  ///< nor QRESYNC

  static DovecotOptions without_list_status();

  static DovecotOptions plain();  ///< IMAP4rev1, LITERAL+ and no more

  static DovecotOptions serving(std::string location);

  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 sees a 0 in the default
  auto operator<=>(const DovecotOptions&) const = default;
};

/// A private Dovecot: IMAP with STARTTLS, and IMAP over TLS, on free loopback ports. Every user exists; the password is "secret".
///
/// Life cycle   shared() starts one for each set of options at the first call in a test program; it ends with the program,
///              and a second or two later also when the program is killed.
/// Threads      One at a time.
/// Errors       Throws std::runtime_error with what the server said.
class DovecotServer {
 public:
  /// Null where Dovecot was not fetched or cannot run; missing() says why.
  static DovecotServer* shared(const DovecotOptions& options = {});
  static std::string missing();

  explicit DovecotServer(const DovecotOptions& options = {});

  const std::string& folder() const noexcept { return folder_.path(); }

  /// Plain, with STARTTLS.
  int imap_port() const { return folder_.port("IMAP_PORT"); }

  /// TLS from the first octet; the certificate is for "localhost" and 127.0.0.1.
  int imaps_port() const { return folder_.port("IMAPS_PORT"); }

  /// PEM file of the authority that signed the server's certificate.
  std::string ca_file() const { return folder() + "/tls/ca.pem"; }

  static std::string password() { return "secret"; }

  /// A user whom no other test knows, with an empty INBOX, whose commands are logged.
  std::string fresh_user();

  /// What clients sent for that user after login, session by session, without tags; an ImapAccount's sessions are left out.
  std::vector<std::string> commands(const std::string& user) const;

  /// The folder with that user's mail, for the usual mail_location.
  std::string mail_folder(const std::string& user) const { return folder() + "/mail/" + user; }

 private:
  ServerFolder folder_;
  int users_ = 0;
};

/// Base of tests that need Dovecot: skips them loudly where it is missing, fails them where CI is set.
class DovecotTest : public ::testing::Test {
 protected:
  void SetUp() override { need_server(DovecotServer::missing()); }

  static DovecotServer& server(const DovecotOptions& options = {}) {
    return *DovecotServer::shared(options);
  }
};

}  // namespace mailpipe::testing
