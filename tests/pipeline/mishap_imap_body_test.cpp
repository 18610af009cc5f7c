#include "pipeline/mishap_imap_fixture.hpp"

#include <algorithm>

namespace mailpipe::test {
namespace {

/// Messages that come otherwise than as one literal behind their UID, or do not come.
class ImapBody : public ImapMishap {
 protected:
  void send_second(const std::string& row) { model_->on_message("INBOX", 2, row + "\r\n"); }

  static std::string literal(const std::string& body) {
    return "{" + std::to_string(body.size()) + "}\r\n" + body;
  }

  std::string second() const { return model_->body("INBOX", 2); }

  void expect_second_quarantined(const std::string& why) {
    expect_end(run({.budget = "1m"}), 3, {"127.0.0.1, mailbox INBOX, UID 2", why});
    EXPECT_EQ(counted("quarantined"), 1U);
    std::multiset<std::string> others = expected();
    others.erase(second());
    expect_stored(others);
    expect_whole_after_a_quiet_run();
  }
};

TEST_F(ImapBody, ExchangesStubIsQuarantined) {
  const std::string stub =
      "From: system@example.org\r\nSubject: Retrieval using the IMAP4 protocol failed\r\n\r\n"
      "The server couldn't retrieve the following message:\r\n\r\nRetrieval using the IMAP4 "
      "protocol failed for the following message: 2\r\n";
  send_second("* $seq FETCH (UID 2 BODY[] " + literal(stub) + ")");
  expect_second_quarantined("an apology in place of the message");
}

TEST_F(ImapBody, AMessageThatQuotesTheStubIsStored) {
  model_->append("INBOX",
                 "Subject: help\r\n\r\n> Retrieval using the IMAP4 protocol failed for the "
                 "following message: 7\r\n");
  expect_all_is_well();
}

TEST_F(ImapBody, ICloudsOkWithoutABodyIsQuarantined) {
  send_second("* $seq FETCH (UID 2)");
  expect_second_quarantined("without its text");
}

TEST_F(ImapBody, ANilBodyIsQuarantined) {
  send_second("* $seq FETCH (UID 2 BODY[] NIL)");
  expect_second_quarantined("without its text");
}

TEST_F(ImapBody, AnEmptyLiteralForAMessageWithASizeIsQuarantined) {
  send_second("* $seq FETCH (UID 2 BODY[] {0}\r\n)");
  expect_second_quarantined("without its text");
}

TEST_F(ImapBody, AUidThatNeverComesButIsThereIsQuarantined) {
  model_->on_message("INBOX", 2, "");
  expect_second_quarantined("it is there, but the server does not send it");
  EXPECT_GE(model_->count("UID SEARCH UID 2"), 1U);
}

// It came after the mailbox was opened, and was listed on another connection.
TEST_F(ImapBody, AUidThatDoesNotComeOnceButIsThereIsAskedForOnceMore) {
  model_->on({.command = "UID FETCH *BODY*", .uid = 2, .times = 1, .instead = "$tag OK done\r\n"});
  expect_all_is_well();
  EXPECT_EQ(model_->count("NOOP"), 1U);
  EXPECT_EQ(model_->count("UID SEARCH UID *"), 1U);
  // A server need not look for new mail of its own accord: without the NOOP it could call the message gone.
  const std::vector<std::string> said = model_->commands();
  const auto search = std::find_if(
      said.begin(), said.end(), [](const auto& one) { return one.starts_with("UID SEARCH UID "); });
  EXPECT_NE(std::find(said.begin(), search, "NOOP"), search);
}

TEST_F(ImapBody, AUidThatNeverComesAndIsNotThereIsGone) {
  model_->on_message("INBOX", 2, "");
  model_->on({.command = "UID SEARCH UID 2", .instead = "* SEARCH\r\n$tag OK done\r\n"});
  expect_end(run(), 0);
  EXPECT_EQ(counted("gone"), 1U);
  std::multiset<std::string> others = expected();
  others.erase(second());
  expect_stored(others);
}

TEST_F(ImapBody, AUidThatNeverComesAndCannotBeLookedForIsNotGone) {
  model_->on_message("INBOX", 2, "");
  model_->on({.command = "UID SEARCH UID 2", .instead = "$tag NO cannot search\r\n"});
  const Finished result = run();
  EXPECT_NE(result.exit_code, 0);
  EXPECT_EQ(counted("gone"), 0U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapBody, ABodyBeforeItsUidIsTaken) {
  for (std::uint32_t uid = 1; uid <= 3; ++uid) {
    model_->on_message("INBOX", uid,
                       "* $seq FETCH (BODY[] " + literal(model_->body("INBOX", uid)) + " UID " +
                           std::to_string(uid) + ")\r\n");
  }
  expect_all_is_well();
}

TEST_F(ImapBody, ALiteral8IsTaken) {
  send_second("* $seq FETCH (UID 2 BODY[] ~" + literal(second()) + ")");
  expect_all_is_well();
}

TEST_F(ImapBody, AQuotedBodyIsTaken) {
  model_->append("INBOX", "Subject: one line");
  model_->on_message("INBOX", 4, "* $seq FETCH (UID 4 BODY[] \"Subject: one line\")\r\n");
  expect_all_is_well();
}

TEST_F(ImapBody, ItemsThatNobodyAskedForAreReadOver) {
  send_second(
      "* $seq FETCH (FLAGS (\\Seen) UID 2 MODSEQ (7) BODY[] " + literal(second()) +
      " PREVIEW \"This\" SAVEDATE NIL THREADID (T1) X-UNKNOWN ((a \"b\") {2}\r\nhi) EMAILID "
      "(M9))");
  expect_all_is_well();
}

TEST_F(ImapBody, OctetsOfAllValuesAreKept) {
  std::string all = "Subject: octets\r\n\r\n";
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
  }
  model_->append("INBOX", all);
  model_->append("INBOX", "no header, LF\nonly, no end");
  model_->append("INBOX", "\r\nno header (CVE-2021-44143)\r\n");
  model_->append("INBOX", "From nobody Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nFrom me\r\n");
  model_->append("INBOX", "Subject: looks\r\n\r\n)\r\nM5 OK done\r\n* BYE {3}\r\n* 1 EXPUNGE\r\n");
  expect_all_is_well();
}

TEST_F(ImapBody, AnEmptyMessageIsStored) {
  model_->append("INBOX", std::string());
  expect_all_is_well();
}

TEST_F(ImapBody, LinesOfAnyLengthAreKept) {
  model_->append("INBOX", "Subject: long\r\n\r\n" + std::string(300'000, 'l'));
  expect_all_is_well();
}

TEST_F(ImapBody, AServerThatAnswersTheSameUidTwiceGivesOneMessage) {
  const std::string row = "* $seq FETCH (UID 2 BODY[] " + literal(second()) + ")\r\n";
  model_->on_message("INBOX", 2, row + row);
  expect_all_is_well();
}

TEST_F(ImapBody, AUidThatNobodyAskedForIsNoMessage) {
  send_second("* 9 FETCH (UID 99 BODY[] {5}\r\nhello)\r\n* $seq FETCH (UID 2 BODY[] " +
              literal(second()) + ")");
  expect_all_is_well();
}

TEST_F(ImapBody, SizesThatLieInBothDirectionsAreNotBelieved) {
  model_->on({.command = "UID FETCH 1:* *RFC822.SIZE*",
              .mailbox = "INBOX",
              .instead = "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 1)\r\n"
                         "* 2 FETCH (UID 2 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 3000000000)\r\n"
                         "* 3 FETCH (UID 3 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 0)\r\n$tag OK done\r\n"});
  expect_all_is_well();
}

TEST_F(ImapBody, ALiteralAboveTheCapIsQuarantinedWhateverItsSizeSaid) {
  model_->append("INBOX", "Subject: large\r\n\r\n" + std::string(200'000, 'x'));
  model_->on({.command = "UID FETCH 1:* *RFC822.SIZE*",
              .mailbox = "INBOX",
              .instead = "* 4 FETCH (UID 4 FLAGS () INTERNALDATE \"01-Feb-2020 10:00:00 +0000\" "
                         "RFC822.SIZE 10)\r\n$tag OK done\r\n"});
  expect_end(run({.source = "tls: none\n    max_message_size: 100KiB"}), 3,
             {"INBOX, UID 4", "max_message_size"});
  EXPECT_EQ(stored().size(), 2U);
}

TEST_F(ImapBody, AMessageOfFiveMebibytesIsCopied) {
  model_->append("INBOX", "Subject: large\r\n\r\n" + std::string(5U << 20U, 'x'));
  expect_all_is_well();
}

}  // namespace
}  // namespace mailpipe::test
