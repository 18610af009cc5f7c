#include "pipeline/inquiry_fixture.hpp"

namespace mailpipe::test {
namespace {

class CliQuarantine : public InquiryRun {
 protected:
  std::string state_of(const std::string& id) const {
    return state::name_of(ledger().find("jmap:a1:" + id).state);
  }
};

TEST_F(CliQuarantine, ListsEachMessageWithItsError) {
  const Finished result = ask({"quarantine", "ls", file()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.rfind("jmap:a1:bad: ", 0), 0U) << result.out;
  EXPECT_TRUE(contains(result.out, "has 11 octets")) << result.out;
  const auto all = ask_json({"quarantine", "ls", file()}).at("messages");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all.at(0).at("key"), "jmap:a1:bad");
  EXPECT_EQ(all.at(0).at("tries"), 2);
}

TEST_F(CliQuarantine, ShowsAllOfOneMessage) {
  const Finished result = ask({"quarantine", "show", file(), "bad"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "jmap:a1:bad: quarantined")) << result.out;
  EXPECT_TRUE(contains(result.out, "Inbox")) << result.out;
}

TEST_F(CliQuarantine, ADroppedMessageDoesNotComeBackUntilItIsRetried) {
  EXPECT_EQ(ask({"quarantine", "drop", file(), "jmap:a1:bad"}).exit_code, 0);
  EXPECT_EQ(state_of("bad"), "dropped");
  jmap_->on_request({});  // it could be had now
  jmap_->touch("bad", {"$seen"});
  EXPECT_EQ(ask({"run", file()}).exit_code, 0) << "nothing is quarantined any more";
  write_pipeline("since: 2022-01-01T00:00:00Z, delay: 1h");  // everything is judged again
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  EXPECT_EQ(ask({"state", "reset", "--cursors", "--yes", file()}).exit_code, 0);
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  EXPECT_EQ(state_of("bad"), "dropped");
  EXPECT_TRUE(file_of("bad").empty());
  EXPECT_TRUE(contains(ask({"why", file(), "bad"}).out, "dropped by 'mailpipe quarantine drop'"));
  EXPECT_TRUE(contains(ask({"status", file()}).out, "1 dropped"));

  EXPECT_EQ(ask({"quarantine", "retry", file(), "bad"}).exit_code, 0);
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  EXPECT_EQ(text_of(file_of("bad")), bytes_of("bad"));
}

TEST_F(CliQuarantine, ADroppedMessageThatTheServerRemovesIsGone) {
  EXPECT_EQ(ask({"quarantine", "drop", "--all", file()}).exit_code, 0);
  jmap_->destroy("bad");
  EXPECT_EQ(ask({"run", file()}).exit_code, 0);
  EXPECT_EQ(state_of("bad"), "gone");
}

TEST_F(CliQuarantine, RetryGivesAMessageAllItsTriesAgain) {
  EXPECT_EQ(ask({"quarantine", "retry", "--all", file()}).exit_code, 0);
  EXPECT_EQ(ledger().find("jmap:a1:bad").tries, 0);
  EXPECT_EQ(state_of("bad"), "quarantined");
}

TEST_F(CliQuarantine, AMessageThatIsNotThereChangesNothing) {
  const Finished result = ask({"quarantine", "drop", file(), "bad", "m1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "no message 'm1' is in quarantine")) << result.err;
  EXPECT_EQ(state_of("bad"), "quarantined");
}

TEST_F(CliQuarantine, AskedForNothingItDropsNothing) {
  EXPECT_EQ(ask({"quarantine", "drop", file()}).exit_code, 2);
  EXPECT_EQ(state_of("bad"), "quarantined");
}

TEST_F(CliQuarantine, ChangesNothingWhileARunGoesOn) {
  Gate gate;
  jmap_->on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    gate.pass(request.target);
    return std::nullopt;
  });
  Process run({MAILPIPE_PROGRAM, "run", file()}, environment());
  gate.wait_for(1);
  EXPECT_EQ(ask({"quarantine", "drop", "--all", file()}).exit_code, 75);
  EXPECT_EQ(ask({"quarantine", "ls", file()}).exit_code, 0);
  gate.open();
  kept(run.wait());
}

}  // namespace
}  // namespace mailpipe::test
