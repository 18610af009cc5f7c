#include "pipeline/mishap_imap_fixture.hpp"
#include "support/loopback_port.hpp"

namespace mailpipe::test {
namespace {

/// The connection ends, stalls or drips, or what comes over it is no IMAP.
class ImapWire : public ImapMishap {
 protected:
  static constexpr auto kClose = ModelHook::Ending::Close;
  static constexpr auto kReset = ModelHook::Ending::Reset;

  /// Octets ahead of the answer, once.
  void say_before(const std::string& command, const std::string& octets) {
    model_->on({.command = command, .times = 1, .before = octets});
  }

  void say_at_any_time(const std::string& octets) {
    model_->on({.command = "*", .before = octets});
  }
};

TEST_F(ImapWire, ByeInTheMiddleOfALiteralIsPassedOver) {
  model_->on({.command = kBodies,
              .times = 1,
              .cut = 60,
              .tail = "\r\n* BYE Server shutting down\r\n",
              .ending = kClose});
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapWire, ClosedInALiteralIsPassedOver) {
  model_->on({.command = kBodies, .times = 2, .cut = 60, .ending = kClose});
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapWire, ResetInALiteralIsPassedOver) {
  model_->on({.command = kBodies, .times = 2, .cut = 60, .ending = kReset});
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapWire, ClosedInEveryLiteralIsTheServersFaultAndExit75) {
  model_->on({.command = kBodies, .cut = 60, .ending = kClose});
  expect_end(run(), 75, {"127.0.0.1", "closed the connection in the middle of an answer"});
  EXPECT_LE(counted("quarantined"), 1U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapWire, ClosedWhileListingIsPassedOver) {
  for (const char* command : {"LIST *", "EXAMINE *", "UID FETCH *FLAGS*"}) {
    model_->on({.command = command, .times = 1, .cut = 20, .ending = kClose});
  }
  expect_all_is_well({.budget = "1m"});
}

// Dovecot: "Cached message size larger than expected".
TEST_F(ImapWire, TheMessageThatEndsTheConnectionIsQuarantinedAlone) {
  const std::size_t first = model_->body("INBOX", 1).size() + 60;
  model_->on({.command = "UID FETCH 1:3 *", .cut = first, .ending = kClose});
  model_->on({.command = "UID FETCH 2 *", .mailbox = "INBOX", .cut = 0, .ending = kClose});
  expect_end(run({.budget = "1m"}), 3, {"127.0.0.1, mailbox INBOX, UID 2"});
  std::multiset<std::string> others = expected();
  others.erase(model_->body("INBOX", 2));
  expect_stored(others);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapWire, UnknownUntaggedResponsesAreReadOver) {
  say_at_any_time(
      "* SOMETHING x (y \"z\")\r\n* 7 WEIRD stuff\r\n* OK [WEIRD (a \"b\")] words\r\n"
      "* METADATA INBOX (/private/x NIL)\r\n");
  expect_all_is_well();
}

TEST_F(ImapWire, EmptyLinesAreReadOver) {
  say_at_any_time("\r\n\r\n");
  expect_all_is_well();
}

TEST_F(ImapWire, TencentsEmptyContinuationAtAnyTimeMovesNothing) {
  model_->on({.command = "EXAMINE *", .before = "+ \r\n+\r\n"});
  model_->on({.command = "UID *", .before = "+ \r\n+\r\n"});
  expect_all_is_well();
}

TEST_F(ImapWire, CommentsWhileWaitingAreReadOver) {
  say_at_any_time("* OK Still here\r\n* OK [INPROGRESS (\"M1\" 5 10)] searching\r\n");
  expect_all_is_well();
}

TEST_F(ImapWire, TwentyThousandParenthesesAreReadOver) {
  say_before(kBodies, "* 1 FETCH (BODYSTRUCTURE " + std::string(20000, '(') +
                          std::string(20000, ')') + ")\r\n");
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapWire, TwentyThousandParenthesesWhileListingMissNoMailbox) {
  say_before("LIST *", "* 1 FETCH (BODYSTRUCTURE " + std::string(20000, '(') +
                           std::string(20000, ')') + ")\r\n");
  run();
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapWire, ALineOfFiveMebibytesTakesNoMemory) {
  say_before(kBodies, "* XX " + std::string(5U << 20U, 'x') + "\r\n");
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapWire, AHundredThousandCommentsTakeNoMemory) {
  std::string comments;
  for (int i = 0; i < 100'000; ++i) {
    comments += "* 1 FETCH (FLAGS (\\Seen))\r\n";
  }
  say_before(kBodies, comments);
  expect_all_is_well();
}

class ImapWrongLiteral : public ImapWire, public testing::WithParamInterface<const char*> {};

TEST_P(ImapWrongLiteral, EndsTheConnectionAndTheNextOneCompletes) {
  model_->on({.command = "UID FETCH 1:3 *BODY*",
              .times = 1,
              .instead = std::string("* 1 FETCH (UID 1 BODY[] ") + GetParam() +
                         "\r\nhello)\r\n$tag OK done\r\n",
              .ending = kClose});
  expect_all_is_well({.budget = "1m"});
}

INSTANTIATE_TEST_SUITE_P(Sizes, ImapWrongLiteral,
                         testing::Values("{4294967301}", "{-5}", "{99999999999999999999999}",
                                         "{5x}", "{}", "{4294967290}"));

class ImapUnreadableRow : public ImapWire, public testing::WithParamInterface<const char*> {};

TEST_P(ImapUnreadableRow, IsNoMessageAndNothingIsLost) {
  say_before(kBodies, std::string("* ") + GetParam() + "\r\n");
  expect_all_is_well({.budget = "1m"});
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ImapUnreadableRow,
    testing::Values("1 FETCH (UID 4294967300 FLAGS ())", "4294967301 FETCH (UID 1)",
                    "1 FETCH (UID 0 BODY[] {2}\r\nhi)", "1 FETCH (UID x)", "1 FETCH",
                    "1 FETCH (UID 1 RFC822.SIZE 99999999999999999999)", "99999999999 EXISTS",
                    "1 FETCH (UID 1 FLAGS (\\Seen)", "SEARCH x", "VANISHED 5:x", "1 FETCH ()",
                    "2 FETCH (UID 77 BODY[] {5}\r\nhello)"));

struct Stage {
  const char* name;
  const char* command;
  std::size_t octets;
};

class ImapStall : public ImapWire, public testing::WithParamInterface<Stage> {};

TEST_P(ImapStall, IsExit75AndTheNextRunCompletes) {
  model_->on({.command = GetParam().command,
              .cut = GetParam().octets,
              .ending = ModelHook::Ending::Stall});
  expect_end(run({.timeout = "1s"}), 75, {"127.0.0.1", "has said nothing for 1 s"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapWire, AStallInABodyIsPassedOver) {
  model_->on({.command = kBodies, .times = 1, .cut = 60, .ending = ModelHook::Ending::Stall});
  expect_all_is_well({.timeout = "1s", .budget = "1m"});
}

TEST_F(ImapWire, AStallBeforeABodyIsPassedOver) {
  model_->on({.command = kBodies, .times = 1, .cut = 0, .ending = ModelHook::Ending::Stall});
  expect_all_is_well({.timeout = "1s", .budget = "1m"});
}

INSTANTIATE_TEST_SUITE_P(Stages, ImapStall,
                         testing::Values(Stage{"Login", "AUTHENTICATE *", 0},
                                         Stage{"List", "LIST *", 0}, Stage{"InList", "LIST *", 30},
                                         Stage{"Examine", "EXAMINE *", 0},
                                         Stage{"Rows", "UID FETCH *FLAGS*", 50}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_F(ImapWire, AServerThatDoesNotGreetIsExit75) {
  ModelOptions options;
  options.greeting = "";
  start(std::move(options));
  expect_end(run({.timeout = "1s"}), 75, {"127.0.0.1", "has said nothing for 1 s"});
}

TEST_F(ImapWire, AServerThatShakesNoHandsIsExit75) {
  ModelOptions options;
  options.greeting = "";
  start(std::move(options));
  expect_end(run({.source = "tls: implicit", .timeout = "1s"}), 75, {"127.0.0.1"});
}

TEST_F(ImapWire, AServerThatIsDownIsExit75) {
  const LoopbackPort gone;
  port_ = gone.number();
  expect_end(run(), 75, {"127.0.0.1:" + std::to_string(gone.number())});
  port_ = model_->port();
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapWire, AnUnknownHostIsExit75AndNamed) {
  host_ = "no-such-host.invalid";
  expect_end(run({.source = "tls: implicit"}), 75, {"no-such-host.invalid", "check host"});
}

TEST_F(ImapWire, AServerThatIsNoImapServerIsToldSo) {
  ModelOptions options;
  options.greeting = "220 mail.example.org ESMTP ready\r\n";
  start(std::move(options));
  const Finished result = run({.timeout = "1s"});
  expect_end(result, 75, {"127.0.0.1", "220 mail.example.org"});
}

TEST_F(ImapWire, ADrippingBodyIsGivenUpAndAskedForAgain) {
  model_->append("INBOX", "Subject: slow\r\n\r\n" + std::string(2000, 's') + "\r\n");
  model_->on({.command = kBodies,
              .times = 1,
              .drip_octets = 1,
              .drip_pause = std::chrono::milliseconds(100)});
  const Finished result = run({.timeout = "2s", .budget = "1m"});
  expect_end(result, 0, {"127.0.0.1", "next to nothing"});
  expect_whole();
}

TEST_F(ImapWire, ASlowServerIsWaitedFor) {
  model_->on({.command = kBodies, .drip_octets = 50, .drip_pause = std::chrono::milliseconds(20)});
  expect_all_is_well({.timeout = "2s"});
}

}  // namespace
}  // namespace mailpipe::test
