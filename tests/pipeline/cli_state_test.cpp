#include "pipeline/inquiry_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class CliState : public InquiryRun {};

TEST_F(CliState, ShowsIdFormatCountsStreamsAndSinks) {
  const Finished result = ask({"state", "show", file()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part :
       {"format 4", "id:       ", "3 stored, 1 held, 1 filtered, 1 quarantined, 1 gone", "cursor ",
        "eml: 4 copies", ", complete, 0 owed", "#2  "}) {
    EXPECT_TRUE(contains(result.out, part)) << "no \"" << part << "\" in:\n" << result.out;
  }
  const auto told = ask_json({"state", "show", file()});
  EXPECT_EQ(told.at("counts").at("stored"), 3);
  EXPECT_EQ(told.at("sinks").at(0).at("copies"), 4);
  EXPECT_EQ(told.at("id"), ledger().id());
  EXPECT_EQ(told.at("runs").size(), 2U);
}

TEST_F(CliState, ForgottenCursorsMakeTheNextRunListEverythingAndFetchNothing) {
  const std::size_t queries = jmap_->calls("Email/query");
  const std::size_t bodies = jmap_->http().requests("/jmap/download/a1/bm");
  EXPECT_EQ(ask({"state", "reset", "--cursors", "--yes", file()}).exit_code, 0);
  EXPECT_EQ(ask({"run", file()}).exit_code, 3);
  EXPECT_GT(jmap_->calls("Email/query"), queries);
  EXPECT_EQ(jmap_->http().requests("/jmap/download/a1/bm"), bodies);
}

TEST_F(CliState, ForgetsTheCursorOfOneStream) {
  const std::string name = ledger().streams().at(0).name;
  EXPECT_EQ(ask({"state", "reset", "--stream", name, "--yes", file()}).exit_code, 0);
  EXPECT_EQ(ledger().streams().at(0).cursor, "");
  const Finished unknown = ask({"state", "reset", "--stream", "nowhere", "--yes", file()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(contains(unknown.err, "there is no stream 'nowhere'")) << unknown.err;
}

TEST_F(CliState, ForgottenVerdictsAreJudgedAgain) {
  EXPECT_EQ(ask({"state", "reset", "--filtered", "--yes", file()}).exit_code, 0);
  ask({"run", "--report", (dir_ / "report.json").string(), file()});
  EXPECT_EQ(report().at("counts").at("filtered"), 1);
  EXPECT_EQ(report().at("counts").at("held"), 1);
}

TEST_F(CliState, ASinkThatStillHasMessagesIsNotForgotten) {
  const Finished result = ask({"state", "reset", "--sink", "eml", "--yes", file()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "still has messages")) << result.err;
  EXPECT_EQ(ledger().count_places(), 4U);
}

TEST_F(CliState, AnEmptiedSinkThatIsForgottenIsFilledAgain) {
  for (const char* leave_folder : {"", "the folder and its marker stay"}) {
    if (*leave_folder == '\0') {
      fs::remove_all(mail_);
    } else {
      for (const char* id : {"m0", "m1", "m2"}) {
        fs::remove(file_of(id));
      }
    }
    EXPECT_EQ(ask({"state", "reset", "--sink", "eml", "--yes", file()}).exit_code, 0);
    EXPECT_EQ(ask({"run", file()}).exit_code, 3);
    for (const char* id : {"m0", "m1", "m2"}) {
      EXPECT_EQ(text_of(file_of(id)), bytes_of(id)) << leave_folder;
    }
    EXPECT_EQ(stored().size(), 3U);
  }
}

TEST_F(CliState, WithNobodyToAskItNeedsYes) {
  const Finished result = ask({"state", "reset", "--cursors", file()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "say --yes")) << result.err;
  EXPECT_NE(ledger().streams().at(0).cursor, "");
}

TEST_F(CliState, ResetsNothingWhileARunGoesOn) {
  Gate gate;
  jmap_->on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    gate.pass(request.target);
    return std::nullopt;
  });
  Process run({MAILPIPE_PROGRAM, "run", file()}, environment());
  gate.wait_for(1);
  EXPECT_EQ(ask({"state", "reset", "--cursors", "--yes", file()}).exit_code, 75);
  gate.open();
  kept(run.wait());
}

}  // namespace
}  // namespace mailpipe::test
