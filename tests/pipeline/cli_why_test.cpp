#include "pipeline/inquiry_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliWhy : public InquiryRun {
 protected:
  /// The one message that the answer names.
  json why(const std::string& asked) {
    const json out = ask_json({"why", file(), asked});
    EXPECT_EQ(out.at("answers").at(0).at("messages").size(), 1U) << out.dump(2);
    return out.at("answers").at(0).at("messages").at(0);
  }

  void expect_told(const std::string& asked, const std::vector<std::string>& parts) {
    const Finished result = ask({"why", file(), asked});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    for (const std::string& part : parts) {
      EXPECT_TRUE(contains(result.out, part)) << "no \"" << part << "\" in:\n" << result.out;
    }
  }
};

TEST_F(CliWhy, SaysWhereAStoredMessageLies) {
  expect_told("jmap:a1:m1", {"jmap:a1:m1: stored", file_of("m1").string(), "Inbox", "sha256:"});
  const json told = why("jmap:a1:m1");
  EXPECT_EQ(told.at("state"), "stored");
  EXPECT_EQ(told.at("copies").at(0).at("sink"), "eml");
  EXPECT_EQ(told.at("copies").at(0).at("path"), file_of("m1").string());
  EXPECT_EQ(told.at("copies").at(0).at("digest"), told.at("digest"));
  EXPECT_EQ(told.at("last_told").at("as"), "stored");
}

TEST_F(CliWhy, FindsAMessageByServerIdFileAndMessageId) {
  for (const std::string& name :
       {std::string("m1"), file_of("m1").string(), file_of("m1").filename().string(),
        std::string("<m1@example.org>"), std::string("m1@example.org")}) {
    EXPECT_EQ(why(name).at("key"), "jmap:a1:m1") << name;
  }
}

TEST_F(CliWhy, NamesTheFilterThatLeftAMessageOut) {
  expect_told("jmap:a1:old", {"jmap:a1:old: filtered", "filter window: "});
  EXPECT_TRUE(contains(why("old").at("reason").get<std::string>(), "window: "));
}

TEST_F(CliWhy, SaysUntilWhenAMessageIsHeld) {
  expect_told("jmap:a1:young", {"jmap:a1:young: held", "until 2099-"});
  EXPECT_EQ(why("young").at("until"), "2099-01-01T01:00:00Z");
}

TEST_F(CliWhy, GivesTheErrorOfAQuarantinedMessage) {
  expect_told("jmap:a1:bad", {"jmap:a1:bad: quarantined", "has 11 octets", "failed 2 times",
                              "every run offers it again"});
  EXPECT_EQ(why("bad").at("tries"), 2);
}

TEST_F(CliWhy, NamesTheCopiesThatAreKeptOfAGoneMessage) {
  expect_told("jmap:a1:late", {"jmap:a1:late: gone", "1 copy is kept", file_of("late").string()});
  EXPECT_EQ(why("late@example.org").at("state"), "gone");
}

TEST_F(CliWhy, NamesTheOwnerOfADuplicateAndWhereThatLies) {
  {
    state::Ledger planted = ledger();
    state::Row row = planted.find("jmap:a1:old");
    row.state = state::RowState::Deduplicated;
    row.owner = "jmap:a1:m2";
    planted.update(row);
    planted.commit();
  }
  expect_told("jmap:a1:old",
              {"deduplicated", "duplicate of jmap:a1:m2, which is stored", file_of("m2").string()});
  EXPECT_EQ(why("old").at("owner").at("key"), "jmap:a1:m2");
}

TEST_F(CliWhy, SaysOfAMessageThatARunHasInHandThatItIsInFlight) {
  {
    state::Ledger planted = ledger();
    state::Row row = planted.find("jmap:a1:old");
    row.state = state::RowState::InFlight;
    planted.update(row);
    planted.commit();
  }
  expect_told("jmap:a1:old", {"in flight", "the next one settles it"});
}

TEST_F(CliWhy, DoesNotKnowAMessageThatNobodyListed) {
  const Finished result = ask({"why", file(), "nobody@example.org", "m0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.out, "nobody@example.org: not known")) << result.out;
  EXPECT_TRUE(contains(result.out, "jmap:a1:m0: stored")) << "the others are answered";
}

TEST_F(CliWhy, ReadsTheHeadersOfAdoptedFilesForAMessageId) {
  fs::remove_all(dir_ / "state");
  EXPECT_EQ(ask({"state", "rebuild", file()}).exit_code, 3);
  EXPECT_EQ(why("<m1@example.org>").at("key"), "jmap:a1:m1");
  EXPECT_TRUE(why("m1").at("copies").at(0).at("adopted").get<bool>());
}

TEST_F(CliWhy, AnswersWhileARunGoesOn) {
  Gate gate;
  jmap_->on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    gate.pass(request.target);
    return std::nullopt;
  });
  Process run({MAILPIPE_PROGRAM, "run", file()}, environment());
  gate.wait_for(1);
  EXPECT_EQ(why("m1").at("state"), "stored");
  gate.open();
  kept(run.wait());
}

TEST_F(CliWhy, KnowsNothingBeforeTheFirstRun) {
  fs::remove_all(dir_ / "state");
  EXPECT_EQ(ask({"why", file(), "m1"}).exit_code, 1);
}

}  // namespace
}  // namespace mailpipe::test
