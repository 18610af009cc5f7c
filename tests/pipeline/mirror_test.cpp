// What sinks follow: places, keywords, removals. mirror_mailboxes_test.cpp has mailboxes.
#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace mailpipe::test {
namespace {

using Places = std::multiset<std::string>;
using run::OnRemove;

/// Puts everything into one mailbox, as a rename filter may.
class Flatten final : public Filter {
 public:
  explicit Flatten(std::string to) : to_(std::move(to)) {}

  Verdict judge(const Item& /*item*/, const Body* /*body*/) override {
    Verdict verdict;
    verdict.places = {{.id = {}, .path = {to_}, .role = {}}};
    return verdict;
  }

 private:
  std::string to_;
};

TEST_F(Mirror, AMessageInTwoMailboxesHasTwoPlacesAndIsFetchedOnce) {
  account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"inbox", "work"}});
  pipeline.run();
  EXPECT_EQ(tree.where("A: 1\r\n\r\nx"), (Places{"Inbox", "Work"}));
  EXPECT_EQ(pipeline.script.fetches, 1);
}

TEST_F(Mirror, AFurtherMailboxIsALinkAndALostOneARemoval) {
  account.add("a");
  pipeline.run();
  account.change("a", [](auto& m) { m.mailboxes = {"inbox", "work"}; });
  run::RunReport report = pipeline.run();
  EXPECT_EQ(tree.where(account.messages["a"].body), (Places{"Inbox", "Work"}));
  EXPECT_EQ(report.sinks.at(0).linked, 1U);
  account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
  report = pipeline.run();
  EXPECT_EQ(tree.where(account.messages["a"].body), (Places{"Work"}));
  EXPECT_EQ(report.sinks.at(0).removed, 1U);
  EXPECT_EQ(pipeline.script.fetches, 1);
}

TEST_F(Mirror, AMovedMessageIsNeverAbsent) {
  account.add("a");
  pipeline.run();
  const std::string body = account.messages["a"].body;
  account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
  tree.before = [&](const std::string& call) { EXPECT_FALSE(tree.where(body).empty()) << call; };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where(body), (Places{"Work"}));
}

TEST_F(Mirror, KeywordsFollowAndLocalOnesStay) {
  account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {"$flagged"}});
  pipeline.run();
  tree.files.begin()->second.keywords.insert("local");
  account.change("a", [](auto& m) { m.keywords = {"$seen"}; });
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.sinks.at(0).updated, 1U);
  EXPECT_EQ(tree.files.begin()->second.keywords, (std::set<std::string>{"$seen", "local"}));
  tree.calls.clear();
  pipeline.run();
  EXPECT_TRUE(tree.calls.empty()) << "an update is done once";
}

// The sink is told what changed since it was last told something, and a run that broke off may have told it.
TEST_F(Mirror, AKeywordThatComesBackAfterARunThatBrokeOffIsThere) {
  for (const std::string first : {"$flagged", "$seen"}) {
    TreePipeline one{OnRemove::Trash};
    one.account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {first}});
    one.run();
    const auto& keywords = one.tree->files.begin()->second.keywords;
    one.account.change("a", [](auto& m) { m.keywords = {"$seen", "$forwarded"}; });
    one.tree->before = [&](const std::string& call) {
      if (call == "sync names") {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    EXPECT_EQ(one.run().exit_code, 1);
    ASSERT_EQ(keywords, (std::set<std::string>{"$seen", "$forwarded"}));
    one.tree->before = nullptr;
    one.account.change("a", [&](auto& m) { m.keywords = {first}; });
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(keywords, std::set<std::string>{first});
  }
}

TEST_F(Mirror, ARemovedMessageIsTrashed) {
  account.add_many(30);
  pipeline.run();
  account.remove("m3");
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(tree.files.size(), 29U);
  EXPECT_EQ(tree.trash.size(), 1U);
  EXPECT_EQ(report.sinks.at(0).owed, 0U);
}

TEST_F(Mirror, AnArchiveKeepsWhatTheServerRemovedAndAddsPlacesOnly) {
  TreePipeline archive{OnRemove::Keep};
  archive.account.add_many(3);
  archive.run();
  archive.account.remove("m1");
  archive.account.change("m2", [](auto& m) { m.mailboxes = {"work"}; });
  EXPECT_EQ(archive.run().exit_code, 0);
  EXPECT_EQ(archive.tree->files.size(), 4U);
  EXPECT_EQ(archive.tree->where(archive.account.messages["m2"].body), (Places{"Inbox", "Work"}));
}

TEST_F(Mirror, AnEmptiedAccountTripsTheGuardUntilItIsConfirmed) {
  account.add_many(100);
  pipeline.run();
  for (int i = 0; i < 100; ++i) {
    account.remove("m" + std::to_string(i));
  }
  for (int i = 0; i < 2; ++i) {  // and it goes on being held back
    const run::RunReport report = pipeline.run();
    EXPECT_EQ(report.exit_code, 3);
    ASSERT_EQ(report.errors.size(), 1U);
    EXPECT_NE(report.errors[0].hint.find("--allow-delete 100"), std::string::npos);
    EXPECT_EQ(tree.files.size(), 100U);
  }
  pipeline.settings.allow_delete = 100;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_TRUE(tree.files.empty());
  EXPECT_EQ(tree.trash.size(), 100U);
}

TEST_F(Mirror, ARenamedMailboxDoesNotTripTheGuard) {
  for (int i = 0; i < 100; ++i) {
    account.add("m" + std::to_string(i),
                {.body = "A: " + std::to_string(i) + "\r\n\r\nx", .mailboxes = {"work"}});
  }
  pipeline.run();
  account.mailboxes["work"] = {"Job"};
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 100U);
  EXPECT_FALSE(tree.mailboxes.contains("Work"));
  EXPECT_TRUE(tree.trash.empty()) << "nothing was lost";
}

TEST_F(Mirror, NothingIsRemovedWhileAMessageIsNotStored) {
  account.add_many(30);
  pipeline.run();
  account.remove("m3");
  account.add("bad");
  pipeline.script.on_fetch = [](const std::string& id) {
    if (id == "bad") {
      throw Error(ErrorClass::Item, "it cannot be read");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 3);
  EXPECT_EQ(tree.files.size(), 30U);
  EXPECT_TRUE(tree.trash.empty());
  pipeline.script.on_fetch = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 30U) << "30 - 1 + the one that was bad";
  EXPECT_EQ(tree.trash.size(), 1U);
}

// A source that goes on from a cursor never heard of a message that came and went since.
TEST_F(Mirror, AMessageThatGoesAfterARunThatBrokeOffIsRemoved) {
  account.add_many(3);
  pipeline.run();
  account.add("n1");
  account.add("n2");
  const std::string body = account.messages["n1"].body;
  pipeline.script.on_list = [](const std::string& id) {
    if (id == "n2") {
      throw Error(ErrorClass::Permanent, "no more of it");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 1);
  EXPECT_EQ(tree.where(body), (Places{"Inbox"}));
  pipeline.script.on_list = {};
  account.messages.erase("n1");
  std::replace(account.history.begin(), account.history.end(), std::string("n1"),
               std::string("n2"));
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_TRUE(tree.where(body).empty());
  EXPECT_EQ(tree.files.size(), 4U);
  EXPECT_EQ(pipeline.run().counts.removed, 0U);
}

TEST_F(Mirror, AMessageThatMovesWhileItIsOnItsWayIsWhereItWent) {
  account.add("a");
  account.add("b");
  bool once = true;
  pipeline.script.on_list = [&](const std::string& id) {
    if (id == "b" && std::exchange(once, false)) {
      account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
      throw Error(ErrorClass::Transient, "once more");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where(account.messages["a"].body), (Places{"Work"}));
}

TEST_F(Mirror, AMessageThatComesBackIsNotRemoved) {
  account.add_many(30);
  pipeline.run();
  const Account::Message back = account.messages["m3"];
  account.remove("m3");
  pipeline.settings.guard_count = 0;
  pipeline.settings.guard_fraction = 0;
  EXPECT_EQ(pipeline.run().exit_code, 3);
  account.add("m3", back);
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 30U);
  EXPECT_TRUE(tree.trash.empty());
  EXPECT_EQ(pipeline.script.fetches, 30);
}

TEST_F(Mirror, ASinkThatBecomesAMirrorRemovesWhatItKept) {
  pipeline.on_remove = OnRemove::Keep;
  account.add_many(30);
  pipeline.run();
  account.remove("m3");
  pipeline.run();
  EXPECT_EQ(tree.files.size(), 30U);
  pipeline.on_remove = OnRemove::Delete;
  pipeline.run();
  EXPECT_EQ(tree.files.size(), 29U);
  EXPECT_TRUE(tree.trash.empty());
}

TEST_F(Mirror, WhatRecoveryFindsIsStoredOnceItsNameIsDurable) {
  account.add("a");
  pipeline.fail_behind("", "sync names");
  EXPECT_NE(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 1U) << "it has its name, but the power may go";
  EXPECT_NE(pipeline.run().exit_code, 0) << "and still may";
  tree.files.clear();
  tree.before = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 1U);
}

TEST_F(Mirror, KeywordsThatRecoveryChangesCountOnceThatIsDurable) {
  account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {"$flagged"}});
  pipeline.run();
  account.change("a", [](auto& m) { m.keywords = {"$seen"}; });
  pipeline.fail_behind("update", "sync names");
  EXPECT_NE(pipeline.run().exit_code, 0);
  EXPECT_NE(pipeline.run().exit_code, 0) << "the power may go still";
  tree.files.begin()->second.keywords = {"$flagged"};
  tree.before = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.begin()->second.keywords, (std::set<std::string>{"$seen"}));
}

TEST_F(Mirror, PlacesAreAsFiltersNameThem) {
  std::string name = "All";
  pipeline.make_filters = [&](run::Runner&) {
    return std::vector<run::FilterPart>{{"flatten", std::make_shared<Flatten>(name), true}};
  };
  account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"inbox", "work"}});
  pipeline.run();
  EXPECT_EQ(tree.where("A: 1\r\n\r\nx"), (Places{"All"}));
  EXPECT_EQ(tree.mailboxes, (std::set<std::string>{"All"}));
  account.change("a", [](auto& m) { m.mailboxes = {"work"}; });
  account.mailboxes.erase("inbox");
  account.gone_mailboxes = {"inbox"};
  EXPECT_EQ(pipeline.run().sinks.at(0).removed, 0U);
  EXPECT_EQ(tree.mailboxes, (std::set<std::string>{"All"}));
  name = "Everything";
  pipeline.fingerprint = "f2";
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nx"), (Places{"Everything"}));
  EXPECT_EQ(pipeline.script.fetches, 1);
}

TEST_F(Mirror, AKillAtAnyCallOfAMoveLeavesNothingOutInTheEnd) {
  for (int kill = 1;; ++kill) {
    TreePipeline one{OnRemove::Delete};
    one.account.add("a");
    one.account.add("b");
    one.run();
    const std::string body = one.account.messages["a"].body;
    one.account.change("a", [](auto& m) {
      m.mailboxes = {"work"};
      m.keywords = {"$seen"};
    });
    one.account.add("c", {.body = "C: 1\r\n\r\nc", .mailboxes = {"inbox", "work"}});
    int calls = 0;
    one.tree->before = [&](const std::string& call) {
      EXPECT_FALSE(one.tree->where(body).empty()) << call;
      if (++calls == kill) {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    const bool hit = one.run().exit_code != 0;
    one.tree->before = nullptr;
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.tree->where(body), (Places{"Work"})) << kill;
    EXPECT_EQ(one.tree->where("C: 1\r\n\r\nc"), (Places{"Inbox", "Work"})) << kill;
    EXPECT_EQ(one.tree->files.size(), 4U) << kill;
    EXPECT_EQ(one.tree->files.at("Work/test:account:a").keywords, (std::set<std::string>{"$seen"}))
        << kill;
    if (!hit) {
      EXPECT_GT(kill, 8);
      break;
    }
  }
}

TEST_F(Mirror, WhereThereAreNoLinksTheOctetsAreReadInTheSink) {
  pipeline.can.link = false;
  account.add("a");
  pipeline.run();
  account.change("a", [](auto& m) { m.mailboxes = {"inbox", "work"}; });
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where(account.messages["a"].body), (Places{"Inbox", "Work"}));
  EXPECT_EQ(pipeline.script.fetches, 1);
}

TEST_F(Mirror, ACopyThatSomebodyDeletedIsFetchedForItsNewPlace) {
  account.add("a");
  pipeline.run();
  tree.files.clear();
  account.change("a", [](auto& m) { m.mailboxes = {"inbox", "work"}; });
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where(account.messages["a"].body), (Places{"Work"}));
  EXPECT_EQ(pipeline.script.fetches, 2);
}

}  // namespace
}  // namespace mailpipe::test
