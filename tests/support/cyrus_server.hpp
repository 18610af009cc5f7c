#pragma once

#include "support/server_folder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::testing {

/// A private Cyrus: JMAP over HTTP/1.1 and over TLS with HTTP/2, LMTP, IMAP, all on free loopback ports.
///
/// Life cycle   shared() starts it at the first call in a test program; it ends with the program,
///              and a second or two later also when the program is killed.
/// Threads      One at a time.
/// Errors       Throws std::runtime_error with what the server said.
class CyrusServer {
 public:
  /// The server of this test program, or null where Cyrus was not fetched; missing() says why.
  static CyrusServer* shared();
  static std::string missing();

  CyrusServer();

  const std::string& folder() const noexcept { return folder_.path(); }

  int http_port() const { return port("HTTP_PORT"); }

  int https_port() const { return port("HTTPS_PORT"); }

  int lmtp_port() const { return port("LMTP_PORT"); }

  int imap_port() const { return port("IMAP_PORT"); }

  /// "http://127.0.0.1:PORT" and "https://localhost:PORT"; the session object is at /jmap.
  std::string http_url() const;
  std::string https_url() const;

  /// PEM file of the authority that signed the server's certificate.
  std::string ca_file() const { return folder() + "/tls/ca.pem"; }

  /// The password of every user.
  static std::string password() { return "secret"; }

  /// A user whom no other test knows, with an empty Inbox, Archive, Drafts, Sent, Trash and Spam.
  std::string fresh_user();

  /// Delivers to the user's Inbox over LMTP, received now. Lines end in CRLF.
  void deliver(const std::string& user, std::string_view message) const;

  /// What IMAP clients sent for a fresh user after login, without tags; an ImapAccount's sessions are left out.
  std::vector<std::string> commands(const std::string& user) const;

 private:
  int port(const std::string& name) const { return folder_.port(name); }

  ServerFolder folder_;
  int users_ = 0;
};

/// Base of tests that need Cyrus: skips them loudly where it is missing, fails them where CI is set.
class CyrusTest : public ::testing::Test {
 protected:
  void SetUp() override;

  CyrusServer& server() { return *CyrusServer::shared(); }
};

}  // namespace mailpipe::testing
