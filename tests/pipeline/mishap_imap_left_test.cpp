#include "pipeline/mishap_imap_fixture.hpp"

#include <chrono>
#include <thread>

namespace mailpipe::test {
namespace {

/// A mailbox is deleted or renamed after the server has listed it.
class ImapLeft : public ImapMishap {
 protected:
  void refuse_archive(std::size_t times = SIZE_MAX) {
    model_->on({.command = "EXAMINE \"Archive\"*",
                .times = times,
                .instead = "$tag NO Mailbox doesn't exist\r\n"});
  }

  void answer_list(const std::string& answer, std::size_t times = SIZE_MAX) {
    model_->on({.command = "LIST \"\" \"Archive\"*", .times = times, .instead = answer + "\r\n"});
  }
};

TEST_F(ImapLeft, MakesTheRunListEverythingAgain) {
  refuse_archive(1);
  answer_list("$tag OK none", 1);
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapLeft, MakesTheRunListEverythingAgainWhereAnotherOneHasItsName) {
  refuse_archive(1);
  expect_end(run({.budget = "1m"}), 0, {"a moment later it was not refused"});
  expect_whole();
}

TEST_F(ImapLeft, MakesTheRunListEverythingAgainWhereAnotherOneHasItsNameBeforeSTATUS) {
  start_with("LITERAL+ ENABLE NAMESPACE UIDPLUS AUTH=PLAIN SASL-IR");
  model_->on(
      {.command = "STATUS \"Archive\"*", .times = 1, .instead = "$tag NO no such mailbox\r\n"});
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapLeft, KeepsWhatIsStoredAndIsForALaterRunWhereItGoesOn) {
  expect_all_is_well();
  model_->append("Archive");
  refuse_archive();
  answer_list("$tag OK none");
  expect_end(run(), 75, {"deleted or renamed while it was being listed"});
  EXPECT_EQ(counted("gone"), 0U);
  EXPECT_EQ(stored().size(), 5U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapLeft, IsAFailureWhereLISTStillKnowsIt) {
  refuse_archive();
  expect_end(run(), 1, {"mailbox Archive"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapLeft, IsAFailureWhereSTATUSIsRefusedThoughItCanBeOpened) {
  start_with("LITERAL+ ENABLE NAMESPACE UIDPLUS AUTH=PLAIN SASL-IR");
  model_->on({.command = "STATUS \"Archive\"*", .instead = "$tag NO no such mailbox\r\n"});
  expect_end(run(), 1, {"mailbox Archive"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapLeft, IsAFailureWhereLISTIsRefused) {
  refuse_archive();
  answer_list("$tag NO not now");
  expect_end(run(), 1, {"mailbox Archive"});
  expect_whole_after_a_quiet_run();
}

/// A listing that breaks off is tried again in the same run, and the mailbox has changed meanwhile.
class ImapListedAgain : public ImapMishap {
 protected:
  /// The program, as a mirror.
  Process start_mirror() const {
    return Process({MAILPIPE_PROGRAM, "run", "--set", "sinks.maildir.on_remove=delete",
                    write({.budget = "1m"})},
                   {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MISHAP_PASSWORD", kPassword}});
  }

  void expect_mirrored() {
    const Finished result = start_mirror().wait();
    EXPECT_EQ(result.exit_code, 0) << result.err;
    expect_whole();
  }
};

TEST_F(ImapListedAgain, WhatWasRemovedBetweenTwoAttemptsIsRemoved) {
  expect_mirrored();
  const std::uint32_t uid = model_->append("INBOX", 1);
  model_->append("Archive", 1);
  model_->on({.command = "EXAMINE \"Archive\"*",
              .times = 2,
              .instead = "$tag NO [UNAVAILABLE] not now\r\n"});
  // So long that the cursors of the first attempt are written while the last one goes on from before them.
  model_->on(
      {.command = "EXAMINE \"Archive\"*", .times = 1, .wait = std::chrono::milliseconds(2500)});
  Process running = start_mirror();
  while (stored().size() < 6) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  model_->expunge("INBOX", uid);
  EXPECT_EQ(running.wait().exit_code, 0);
  expect_mirrored();
}

}  // namespace
}  // namespace mailpipe::test
