// The rename filter in the engine: names and places of messages, from the account to the sink and after changes.
#include "pipeline/tree_pipeline.hpp"
#include "rename_filter.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

using Places = std::multiset<std::string>;
using Names = std::set<std::string>;

struct RenamePipeline : TreePipeline {
  explicit RenamePipeline(std::string with)
      : TreePipeline(run::OnRemove::Trash),
        options(std::move(with)) {
    make_filters = [this](run::Runner& runner) {
      return std::vector<run::FilterPart>{{.id = "rename",
                                           .filter = std::make_shared<rename::RenameFilter>(
                                               Options(options), runner.host("filter:rename")),
                                           .places = true}};
    };
  }

  /// As the program does it.
  void edit(std::string with) {
    options = std::move(with);
    fingerprint = options;
  }

  Places where(const std::string& id) { return tree->where(account.messages.at(id).body); }

  std::string options;
};

constexpr const char* kWorkIsOffice = R"({"mailboxes":[{"match":"^Work$","to":"Office/Mail"}]})";
constexpr const char* kByYear = R"({"mailbox":"{received_at:%Y}/{mailbox}"})";

TEST(Rename, AMessageLiesWhereTheRuleSays) {
  RenamePipeline pipeline(kWorkIsOffice);
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"inbox", "work"}});
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"Inbox", "Office/Mail"}));
}

TEST(Rename, EmptyMailboxesAreMadeUnderTheirNewNames) {
  RenamePipeline pipeline(kWorkIsOffice);
  pipeline.account.add("a");
  pipeline.run();
  EXPECT_EQ(pipeline.tree->mailboxes, (Names{"Inbox", "Office/Mail"}));
}

TEST(Rename, EmptyMailboxesAreNotMadeWhereAPlaceGoesByTheMessage) {
  RenamePipeline pipeline(kByYear);
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .received_at = 1706745598});
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"2024/Inbox"}));
  EXPECT_EQ(pipeline.tree->mailboxes, Names());
}

TEST(Rename, AMessageThatMovesOnTheServerMovesUnderItsNewNames) {
  RenamePipeline pipeline(kByYear);
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .received_at = 1706745598});
  pipeline.run();
  pipeline.account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"2024/Work"}));
  EXPECT_EQ(pipeline.script.fetches, 1);
}

TEST(Rename, MailboxesWithOneNameHoldAMessageOnce) {
  RenamePipeline pipeline(R"({"mailbox":"All"})");
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"inbox", "work"}});
  pipeline.run();
  EXPECT_EQ(pipeline.where("a"), (Places{"All"}));
  pipeline.account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"All"}));
}

TEST(Rename, AnEditedRuleMovesWhatIsStored) {
  RenamePipeline pipeline(kWorkIsOffice);
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"work"}});
  pipeline.run();
  pipeline.edit(R"({"mailboxes":[{"match":"^Work$","to":"Desk"}]})");
  pipeline.account.add("b", {.body = "B: 1\r\n\r\nx", .mailboxes = {"work"}});
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"Desk"}));
  EXPECT_EQ(pipeline.where("b"), (Places{"Desk"}));
  EXPECT_EQ(pipeline.script.fetches, 2);
}

TEST(Rename, AnEditedRuleTakesNothingFromAnArchive) {
  RenamePipeline pipeline(kWorkIsOffice);
  pipeline.on_remove = run::OnRemove::Keep;
  pipeline.account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"work"}});
  pipeline.run();
  pipeline.edit(R"({"mailboxes":[{"match":"^Work$","to":"Desk"}]})");
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.where("a"), (Places{"Desk", "Office/Mail"}));
}

// A filter that has nothing to say of places leaves them as they are, however often it is asked.
TEST(Rename, WhatNoRuleFindsStaysWhereItIsWhateverChanges) {
  for (const char* options : {R"({"name":"{id}"})", kWorkIsOffice}) {
    for (const run::OnRemove how : {run::OnRemove::Trash, run::OnRemove::Delete}) {
      RenamePipeline pipeline(options);
      pipeline.on_remove = how;
      pipeline.account.add("a", {.body = "A: 1\r\n\r\nx"});
      pipeline.run();
      pipeline.account.change("a", [](auto& m) { m.keywords = {"$seen"}; });
      EXPECT_EQ(pipeline.run().exit_code, 0);
      EXPECT_EQ(pipeline.where("a"), (Places{"Inbox"})) << options;
      pipeline.edit(R"({"name":"{id}-{subject}"})");
      EXPECT_EQ(pipeline.run().exit_code, 0);
      EXPECT_EQ(pipeline.where("a"), (Places{"Inbox"})) << options;
      EXPECT_EQ(pipeline.tree->files.begin()->second.keywords, (std::set<std::string>{"$seen"}));
    }
  }
}

TEST(Rename, ANextRunHasNothingToDo) {
  RenamePipeline pipeline(R"({"name":"{subject}","mailbox":"x/{mailbox}"})");
  pipeline.account.add_many(3);
  pipeline.run();
  pipeline.tree->calls.clear();
  EXPECT_EQ(pipeline.run().counts, run::Counts{});
  EXPECT_TRUE(pipeline.tree->calls.empty());
}

}  // namespace
}  // namespace mailpipe::test
