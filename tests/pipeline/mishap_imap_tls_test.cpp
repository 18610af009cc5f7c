#include "pipeline/mishap_imap_fixture.hpp"
#include "support/scripted_imap_server.hpp"

namespace mailpipe::test {
namespace {

/// Nobody in between may read the login, or make us say it in plain.
class ImapSecrecy : public ImapMishap {
 protected:
  void SetUp() override {
    std::ofstream(dir_ / "ca.pem") << authority_.root_pem();
    host_ = "localhost";
    start_with(authority_.leaf("localhost"));
  }

  void start_with(const Certificate& certificate, bool implicit = false) {
    ModelOptions options;
    options.certificate = certificate;
    options.implicit_tls = implicit;
    options.capabilities = implicit ? "AUTH=PLAIN SASL-IR" : "STARTTLS AUTH=PLAIN SASL-IR";
    start(std::move(options));
  }

  static Options starttls() { return {.source = "tls: starttls\n    ca_file: ./ca.pem"}; }

  static Options implicit(const std::string& more = {}) {
    return {.source = "tls: implicit\n    ca_file: ./ca.pem" + more};
  }

  void expect_refused(const Options& options, const std::string& why) {
    const Finished result = run(options);
    EXPECT_TRUE(result.exit_code == 1 || result.exit_code == 2) << result.exit_code << result.err;
    expect_end(result, result.exit_code, {"localhost", why});
    expect_nothing_told();
  }

  void expect_nothing_told() {
    EXPECT_EQ(model_->count("LOGIN *") + model_->count("AUTHENTICATE *"), 0U);
  }

  TestAuthority authority_;
};

TEST_F(ImapSecrecy, StarttlsWithAGoodCertificateWillDo) {
  expect_all_is_well(starttls());
}

TEST_F(ImapSecrecy, TlsFromTheStartWithAGoodCertificateWillDo) {
  start_with(authority_.leaf("localhost"), true);
  expect_all_is_well(implicit());
}

TEST_F(ImapSecrecy, ACertificateForAnotherNameIsRefused) {
  for (const bool from_start : {false, true}) {
    start_with(authority_.leaf("mail.example.org"), from_start);
    expect_refused(from_start ? implicit() : starttls(), "is for another name");
  }
}

TEST_F(ImapSecrecy, ASelfSignedCertificateIsRefused) {
  for (const bool from_start : {false, true}) {
    start_with(TestAuthority::self_signed("localhost"), from_start);
    expect_refused(from_start ? implicit() : starttls(), "is signed by itself");
  }
}

TEST_F(ImapSecrecy, AnExpiredCertificateIsRefused) {
  for (const bool from_start : {false, true}) {
    start_with(authority_.leaf("localhost", std::chrono::hours(-2)), from_start);
    expect_refused(from_start ? implicit() : starttls(), "has expired");
  }
}

TEST_F(ImapSecrecy, AKeyThatIsNotPinnedIsRefused) {
  start_with(authority_.leaf("localhost"), true);
  expect_refused(
      implicit("\n    pinned_key: [\"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]"),
      "none of the pinned ones");
}

TEST_F(ImapSecrecy, AServerThatOffersNoStarttlsIsRefused) {
  ModelOptions options;
  options.capabilities = "AUTH=PLAIN SASL-IR";
  start(std::move(options));
  expect_refused(starttls(), "offers no STARTTLS");
}

TEST_F(ImapSecrecy, PreauthBeforeStarttlsIsRefused) {
  ModelOptions options;
  options.certificate = authority_.leaf("localhost");
  options.capabilities = "STARTTLS AUTH=PLAIN";
  options.greeting = "* PREAUTH [CAPABILITY $capabilities] welcome\r\n";
  start(std::move(options));
  expect_refused(starttls(), "before the connection is secure");
}

TEST_F(ImapSecrecy, WhatIsInjectedBehindStarttlsIsNotBelieved) {
  ScriptedImapServer server(
      {"S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready\nC: CAPABILITY\n"
       "S: * CAPABILITY IMAP4rev1 STARTTLS\nS: $tag OK\nC: STARTTLS\n"
       "S: $tag OK go\\r\\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\\r\\n* PREAUTH in\n! tls\n"
       "C: *\n"},
      authority_.leaf("localhost"));
  port_ = server.port();
  Options options = starttls();
  options.timeout = "2s";
  const Finished result = run(options);
  EXPECT_NE(result.exit_code, 0);
  for (const std::string& line : server.received()) {
    EXPECT_FALSE(contains(line, "LOGIN") || contains(line, "AUTHENTICATE")) << line;
  }
}

TEST_F(ImapSecrecy, WhereTheServerForbidsLoginNoPasswordIsSent) {
  ModelOptions options;
  options.capabilities = "LOGINDISABLED STARTTLS";
  start(std::move(options));
  host_ = "localhost";
  expect_end(run(), 2, {"localhost", "offers no login"});
  expect_nothing_told();
}

TEST_F(ImapSecrecy, NoPasswordCrossesTheNetworkUnencrypted) {
  host_ = "mail.example.invalid";
  expect_end(run(), 2, {"mail.example.invalid", "unencrypted"});
}

}  // namespace
}  // namespace mailpipe::test
