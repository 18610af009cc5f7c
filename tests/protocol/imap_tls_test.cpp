#include "authenticate.hpp"
#include "imap_session_fixture.hpp"
#include "support/scripted_imap_server.hpp"
#include "support/test_certificates.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using mailpipe::test::Certificate;
using mailpipe::test::ScriptedImapServer;
using mailpipe::test::TestAuthority;

const std::string kLogin =
    "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\nS: $tag OK "
    "[CAPABILITY IMAP4rev1] in\nC: LOGOUT\n";
const std::string kUpgrade =
    "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\nS: $tag OK\n"
    "C: STARTTLS\nS: $tag OK go\n! tls\n"
    "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: $tag OK\n";
const std::string kAfterUpgrade =
    "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\nS: $tag OK\nC: AUTHENTICATE "
    "PLAIN "
    "*\nS: $tag OK [CAPABILITY IMAP4rev1] in\nC: LOGOUT\n";

/// A server with a certificate, and a client that trusts `authority` and nobody else.
struct Secured {
  Secured(const TestAuthority& authority, const Certificate& certificate, Tls tls,
          const std::string& script)
      : server({script}, certificate),
        client(server.port()) {
    client.settings.tls = tls;
    client.settings.ca_file = (folder.path() / "ca.pem").string();
    client.settings.timeout = std::chrono::seconds(5);
    std::ofstream(client.settings.ca_file) << authority.root_pem();
  }

  bool heard_a_login() const {
    for (const std::string& line : server.received()) {
      if (line.find("AUTHENTICATE") != std::string::npos ||
          line.find("LOGIN") != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  void expect_refused(const std::string& words) {
    const Error error = error_of([&] { client.open(); });
    EXPECT_EQ(error.error_class(), ErrorClass::Config) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    EXPECT_FALSE(error.hint().empty());
    EXPECT_FALSE(heard_a_login());
  }

  test::TempDir folder;
  ScriptedImapServer server;
  Client client;
};

class ImapTls : public ::testing::TestWithParam<Tls> {
 protected:
  static std::string script() {
    return GetParam() == Tls::Implicit ? "! tls\n" + kLogin : kUpgrade + kAfterUpgrade;
  }

  void expect_refused(const Certificate& certificate, const std::string& words) {
    Secured secured(authority, certificate, GetParam(), script());
    secured.expect_refused(words);
  }

  TestAuthority authority;
};

TEST_P(ImapTls, LogsInBehindACertificateOfTheGivenAuthority) {
  Secured secured(authority, authority.leaf("localhost"), GetParam(), script());
  secured.client.open();
  secured.client.session.reset();
  EXPECT_EQ(secured.server.problem(), "");
}

TEST_P(ImapTls, RefusesACertificateForAnotherName) {
  expect_refused(authority.leaf("mail.example.org"), "is for another name");
}

TEST_P(ImapTls, RefusesAnExpiredCertificate) {
  expect_refused(authority.leaf("localhost", std::chrono::hours(-2)), "has expired");
}

TEST_P(ImapTls, RefusesASelfSignedCertificate) {
  expect_refused(TestAuthority::self_signed("localhost"), "is signed by itself");
}

TEST_P(ImapTls, RefusesACertificateOfAnotherAuthority) {
  TestAuthority other;
  expect_refused(other.leaf("localhost"), "unknown authority");
}

/// "sha256//<base64>" of the certificate's key.
std::string pin_of(const Certificate& certificate) {
  gnutls_x509_crt_t crt = nullptr;
  gnutls_pubkey_t key = nullptr;
  gnutls_datum_t pem = {reinterpret_cast<unsigned char*>(const_cast<char*>(certificate.pem.data())),
                        static_cast<unsigned>(certificate.pem.size())};
  gnutls_datum_t der{};
  gnutls_x509_crt_init(&crt);
  gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM);
  gnutls_pubkey_init(&key);
  gnutls_pubkey_import_x509(key, crt, 0);
  gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
  std::string digest(32, '\0');
  gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest.data());
  gnutls_free(der.data);
  gnutls_pubkey_deinit(key);
  gnutls_x509_crt_deinit(crt);
  return "sha256//" + base64(digest);
}

TEST_P(ImapTls, TakesThePinnedKey) {
  const Certificate leaf = authority.leaf("localhost");
  Secured secured(authority, leaf, GetParam(), script());
  secured.client.settings.pins = {"sha256//" + base64(std::string(32, 'x')), pin_of(leaf)};
  secured.client.open();
}

TEST_P(ImapTls, RefusesAKeyThatIsNotPinned) {
  Secured secured(authority, authority.leaf("localhost"), GetParam(), script());
  secured.client.settings.pins = {"sha256//" + base64(std::string(32, 'x'))};
  secured.expect_refused("none of the pinned ones");
}

INSTANTIATE_TEST_SUITE_P(Ways, ImapTls, ::testing::Values(Tls::Implicit, Tls::StartTls),
                         [](const auto& row) {
                           return row.param == Tls::Implicit ? "Implicit" : "StartTls";
                         });

// ---- STARTTLS attacked

TEST(ImapStartTls, RefusesAServerThatDoesNotOfferIt) {
  TestAuthority authority;
  Secured secured(
      authority, authority.leaf("localhost"), Tls::StartTls,
      "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: $tag OK\n");
  secured.expect_refused("offers no STARTTLS");
}

TEST(ImapStartTls, RefusesPreauthBeforeIt) {
  TestAuthority authority;
  Secured secured(
      authority, authority.leaf("localhost"), Tls::StartTls,
      "S: * PREAUTH ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS\nS: $tag OK\n");
  secured.expect_refused("before the connection is secure");
}

TEST(ImapStartTls, RefusesARefusal) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::StartTls,
                  "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS\nS: $tag OK\n"
                  "C: STARTTLS\nS: $tag BAD no\n");
  const Error error = error_of([&] { secured.client.open(); });
  EXPECT_TRUE(error.error_class() == ErrorClass::Config ||
              error.error_class() == ErrorClass::Transient);
  EXPECT_FALSE(secured.heard_a_login());
}

TEST(ImapStartTls, TakesNothingThatWasInjectedBehindIt) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::StartTls,
                  "S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS\nS: $tag OK\n"
                  "C: STARTTLS\nS- $tag OK go\\r\\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\\r\\n\n"
                  "! tls\n" +
                      kAfterUpgrade);
  const Error error = error_of([&] { secured.client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Transient) << error.what();
  EXPECT_FALSE(secured.heard_a_login());
}

TEST(ImapStartTls, TellsWhatAServerSaysInPlaceOfAGreeting) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::StartTls,
                  "S: * BYE Too many simultaneous connections\n");
  EXPECT_EQ(error_of([&] { secured.client.open(); }).error_class(), ErrorClass::RateLimit);
}

TEST(ImapStartTls, StallsNoLongerThanItsTimeout) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::StartTls, "! stall\n");
  secured.client.settings.timeout = std::chrono::seconds(1);
  const Error error = error_of([&] { secured.client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_TRUE(error.hint().starts_with("check port and tls")) << error.what();
}

TEST(ImapImplicitTls, SaysThatThePortIsAPlainOne) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::Implicit, "S: * OK ready\n");
  const Error error = error_of([&] { secured.client.open(); });
  EXPECT_TRUE(std::string(error.what()).ends_with("what answers there does not speak TLS"))
      << error.what();
}

TEST(ImapImplicitTls, NamesACaFileThatIsNotThere) {
  TestAuthority authority;
  Secured secured(authority, authority.leaf("localhost"), Tls::Implicit, "! tls\n");
  secured.client.settings.ca_file = "/nonexistent/ca.pem";
  secured.expect_refused("cannot read ca_file '/nonexistent/ca.pem': No such file");
}

}  // namespace
