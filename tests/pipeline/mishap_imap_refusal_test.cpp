#include "pipeline/mishap_imap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// The server says no, in the words of Gmail, Exchange, Yahoo, Stalwart and WorkMail.
class ImapRefusal : public ImapMishap {
 protected:
  void refuse(const std::string& command, const std::string& answer, std::size_t times = SIZE_MAX) {
    model_->on({.command = command, .times = times, .instead = answer + "\r\n"});
  }

  void expect_rate_limit(const std::string& command, const std::string& answer,
                         const std::string& part) {
    refuse(command, answer);
    expect_end(run(), 75, {"127.0.0.1", part});
    EXPECT_EQ(counted("quarantined"), 0U);
    expect_whole_after_a_quiet_run();
  }
};

TEST_F(ImapRefusal, GmailsOverquotaOnABodyIsExit75AndQuarantinesNothing) {
  expect_rate_limit(kBodies, "$tag NO [OVERQUOTA] Account exceeded command or bandwidth limits.",
                    "bandwidth limits");
  EXPECT_LT(model_->count(kBodies), 20U) << "asked again and again";
}

TEST_F(ImapRefusal, ThrottledOnABodyIsExit75AndQuarantinesNothing) {
  expect_rate_limit(kBodies, "$tag NO [THROTTLED] slow down", "[THROTTLED]");
}

TEST_F(ImapRefusal, ThrottledOnceIsWaitedFor) {
  refuse(kBodies, "$tag NO [THROTTLED] slow down", 1);
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapRefusal, ExchangesBackoffOnABodyIsHeeded) {
  refuse(kBodies, "$tag BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds");
  expect_end(run(), 75, {"127.0.0.1", "Suggested Backoff Time: 299961"});
  EXPECT_LE(model_->count(kBodies), 5U) << "no message is asked for again";
  EXPECT_EQ(counted("quarantined"), 0U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, ExchangesBackoffWhileListingIsHeeded) {
  expect_rate_limit("UID FETCH 1:* *",
                    "$tag BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                    "Suggested Backoff Time: 299961");
}

TEST_F(ImapRefusal, ExamineRefusedForThrottlingIsExit75) {
  expect_rate_limit("EXAMINE *", "$tag NO [THROTTLED] SELECT refused", "THROTTLED");
}

TEST_F(ImapRefusal, TooManyConnectionsIsExit75) {
  expect_rate_limit("AUTHENTICATE *",
                    "$tag NO [ALERT] Too many simultaneous connections. (Failure)",
                    "Too many simultaneous connections");
}

TEST_F(ImapRefusal, TooManyConnectionsForDownloadsUsesFewer) {
  model_->append("INBOX", 20);
  model_->on({.command = "AUTHENTICATE *",
              .skip = 2,
              .instead = "$tag NO [ALERT] Too many simultaneous connections. (Failure)\r\n"});
  expect_all_is_well({.budget = "1m", .connections = 4});
}

TEST_F(ImapRefusal, AGreetingThatIsByeForTooManyConnectionsIsExit75) {
  ModelOptions options;
  options.greeting = "* BYE Too many connections from your IP address\r\n";
  start(std::move(options));
  expect_end(run(), 75, {"127.0.0.1", "Too many connections"});
}

TEST_F(ImapRefusal, GmailsDailyLimitEndsTheRunAndTheNextGoesOn) {
  model_->on({.command = kBodies,
              .cut = 40,
              .tail = "\r\n* BYE Session expired, please login again.\r\n",
              .ending = ModelHook::Ending::Close});
  expect_end(run(), 75, {"127.0.0.1"});
  EXPECT_EQ(counted("quarantined"), 0U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, GmailsDailyLimitBetweenAnswersIsExit75) {
  expect_rate_limit(kBodies, "* BYE Session expired, please login again.",
                    "Session expired, please login again");
}

TEST_F(ImapRefusal, AnAccessTokenThatExpiresInMidSessionIsAskedForAgain) {
  start_with("LITERAL+ AUTH=XOAUTH2 SASL-IR ESEARCH LIST-EXTENDED LIST-STATUS");
  const std::filesystem::path token = dir_ / "a.token";
  std::ofstream(token) << kPassword;
  model_->on({.command = kBodies,
              .times = 1,
              .instead = "* BYE Session invalidated - AccessTokenExpired\r\n",
              .ending = ModelHook::Ending::Close});
  const std::string asked = dir_ / "asked";
  expect_all_is_well({.login = "token: { $command: [sh, -c, 'echo x >> " + asked + "; cat " +
                               token.string() + "'] }",
                      .budget = "1m"});
  EXPECT_EQ(text_of(asked), "x\nx\n") << "once at the start, once when it had expired";
}

TEST_F(ImapRefusal, ATokenRefusedByTheServerIsExit4) {
  start_with("LITERAL+ AUTH=XOAUTH2 SASL-IR");
  model_->set_tokens({"another"});
  expect_end(run({.login = "token: { $env: MISHAP_PASSWORD }"}), 4,
             {"127.0.0.1", "the login was refused"});
  model_->set_tokens({kPassword});
  expect_whole_after_a_quiet_run({.login = "token: { $env: MISHAP_PASSWORD }"});
}

TEST_F(ImapRefusal, AWrongPasswordIsExit4AndNotTriedOften) {
  refuse("AUTHENTICATE *", "$tag NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)");
  expect_end(run(), 4, {"127.0.0.1", "Invalid credentials"});
  EXPECT_LE(model_->count("AUTHENTICATE *"), 2U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, AnAppPasswordIsHintedAt) {
  refuse("AUTHENTICATE *", "$tag NO [ALERT] Application-specific password required: see below");
  expect_end(run(), 4, {"app password"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, OutlooksNotConnectedOnceIsPassedOver) {
  refuse("LIST *", "$tag BAD User is authenticated but not connected.", 1);
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapRefusal, OutlooksNotConnectedForABodyIsPassedOver) {
  refuse(kBodies, "$tag BAD User is authenticated but not connected.", 1);
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapRefusal, OutlooksNotConnectedForEverIsExit75) {
  expect_rate_limit("EXAMINE *", "$tag BAD User is authenticated but not connected.",
                    "authenticated but not connected");
}

TEST_F(ImapRefusal, YahoosUnavailableOnARangeIsHalvedDownToTheOneMessage) {
  model_->append("INBOX", 30);
  model_->on(
      {.command = kBodies,
       .uid = 5,
       .mailbox = "INBOX",
       .instead = "$tag NO [UNAVAILABLE] UID FETCH Server error - Please try again later\r\n"});
  expect_end(run({.budget = "1m", .run = "batch: { messages: 100 }"}), 3, {"INBOX, UID 5"});
  EXPECT_EQ(counted("quarantined"), 1U);
  std::multiset<std::string> others = expected();
  others.erase(model_->body("INBOX", 5));
  expect_stored(others);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, AFolderThatCannotBeOpenedFailsAlone) {
  refuse("EXAMINE \"Archive\"*", "$tag NO Mailbox is broken");
  expect_end(run(), 1, {"127.0.0.1", "Archive", "Mailbox is broken", "exclude"});
  EXPECT_EQ(stored().size(), 3U) << "INBOX is stored";
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, AFolderThatMayNotBeReadFailsAlone) {
  refuse("EXAMINE \"Archive\"*", "$tag NO [NOPERM] Permission denied");
  expect_end(run(), 1, {"Archive", "Permission denied"});
  EXPECT_EQ(stored().size(), 3U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapRefusal, AFolderThatCannotBeOpenedIsNotGone) {
  expect_all_is_well();
  model_->append("Archive", 1);
  refuse("EXAMINE \"Archive\"*", "$tag NO Mailbox is broken");
  expect_end(run(), 1, {"Archive"});
  EXPECT_EQ(stored().size(), 5U);
  EXPECT_EQ(counted("gone"), 0U);
  expect_whole_after_a_quiet_run();
}

}  // namespace
}  // namespace mailpipe::test
