// Messages that are new to the ledger, but not to the sinks. adoption_test.cpp has files that a scan found.
#include "pipeline/rekey_fixture.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>

namespace mailpipe::test {
namespace {

using Places = std::multiset<std::string>;
using run::OnRemove;

TEST_F(Rekey, AServerIdMakesADeadRowLiveOnWithoutADownload) {
  account.add_many(30);
  pipeline.run();
  forget_fetches();
  rekey("m1", "n1", true);
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(pipeline.script.header_fetches + pipeline.script.body_fetches, 0);
  EXPECT_EQ(report.counters.at("engine.rekeyed"), 1U);
  EXPECT_EQ(tree.files.size(), 30U);
  EXPECT_EQ(pipeline.run().counts, run::Counts{});
}

TEST_F(Rekey, WithoutServerIdsTheHeaderDecidesAndOnlyItIsFetched) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  account.add("b", {.body = "A: 2\r\n\r\nyy", .server_id = ""});
  pipeline.run();
  forget_fetches();
  rekey("a", "zz", false);
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (run::Counts{.listed = 1, .removed = 1, .known = 1, .gone = 1}));
  EXPECT_EQ(pipeline.script.header_fetches, 1);
  EXPECT_EQ(pipeline.script.body_fetches, 0);
  EXPECT_EQ(report.counters.at("engine.header_bytes"), 8U);
  EXPECT_EQ(tree.files.size(), 2U);
}

TEST_F(Rekey, AnotherMessageOfTheSameSizeIsFetched) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  pipeline.run();
  forget_fetches();
  rekey("a", "zz", false, [](auto& message) { message.body = "A: 2\r\n\r\nzz"; });
  pipeline.settings.guard_count = 100;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.script.body_fetches, 1);
  EXPECT_EQ(tree.where("A: 2\r\n\r\nzz"), (Places{"Inbox"}));
  EXPECT_EQ(tree.files.size(), 1U);
}

TEST_F(Rekey, TwinsAreToldApartByTheirOctets) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  account.add("b", {.body = "A: 1\r\n\r\nyy", .server_id = ""});
  pipeline.run();
  forget_fetches();
  rekey("a", "y1", false);
  rekey("b", "y2", false);
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_GE(pipeline.script.body_fetches, 1);
  EXPECT_EQ(tree.files.size(), 2U);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx").size(), 1U);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nyy").size(), 1U);
}

TEST_F(Rekey, TwoIdenticalDeliveriesKeepAPlaceEach) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  account.add("b", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  pipeline.run();
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx"), (Places{"Inbox", "Inbox"}));
  rekey("a", "y1", false);
  rekey("b", "y2", false);
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx"), (Places{"Inbox", "Inbox"}));
}

TEST_F(Rekey, AMoveUnderAnotherKeyLinksAndIsNeverAbsent) {
  for (const bool server_ids : {true, false}) {
    TreePipeline one{OnRemove::Delete};
    one.account.add_many(30);
    for (auto& [id, message] : one.account.messages) {
      message.server_id = server_ids ? "S" + id : "";
    }
    one.run();
    one.script.body_fetches = 0;
    Account::Message moved = one.account.messages["m7"];
    one.account.remove("m7");
    moved.mailboxes = {"work"};
    one.account.add("x7", moved);
    one.tree->before = [&](const std::string& call) {
      EXPECT_FALSE(one.tree->where(moved.body).empty()) << call;
    };
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.tree->where(moved.body), (Places{"Work"}));
    EXPECT_EQ(one.script.body_fetches, 0);
  }
}

// Its copies are gone, so the row that is revived is fetched; until then it still looks dead.
TEST_F(Rekey, ADeadRowIsTheRowOfOneMessageOnly) {
  for (const char* server_id : {"S", ""}) {
    TreePipeline one{OnRemove::Delete};
    const std::string body = "A: 1\r\n\r\nxx";
    one.account.add("a", {.body = body, .server_id = server_id});
    one.account.add_many(30);
    one.run();
    one.account.remove("a");
    one.run();
    one.account.add("b", {.body = body, .server_id = server_id});
    one.account.add("c", {.body = body, .mailboxes = {"work"}, .server_id = server_id});
    EXPECT_EQ(one.run().counts.stored, 2U);
    EXPECT_EQ(one.tree->where(body), (Places{"Inbox", "Work"}));
    one.account.remove("b");
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.tree->where(body), (Places{"Work"})) << server_id;
    one.account.remove("c");
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.tree->where(body), Places());
  }
}

// The source tells of a checkpoint before the header says which row it is; the row's octets then do not come.
TEST_F(Rekey, ARevivedRowWhoseOctetsDoNotComeIsFetchedByTheNextRun) {
  const std::string body = "A: 1\r\n\r\nxx";
  account.add("a", {.body = body, .server_id = ""});
  account.add_many(30);
  pipeline.run();
  account.remove("a");
  pipeline.run();
  account.add("b", {.body = body, .server_id = ""});
  std::promise<void> listed;
  pipeline.script.after_list = [&] { listed.set_value(); };
  int fetches = 0;
  pipeline.script.on_fetch = [&](const std::string&) {
    if (++fetches == 1) {
      listed.get_future().wait();
    } else {
      throw Error(ErrorClass::Auth, "logged out");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 4);
  EXPECT_EQ(fetches, 2) << "its header, its body";
  pipeline.script.after_list = nullptr;
  pipeline.script.on_fetch = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where(body), Places{"Inbox"});
}

TEST_F(Rekey, TheSameMessageListedTwiceIsFetchedOnceAndLinked) {
  pipeline.settings.batch_interval = std::chrono::hours(1);  // nobody waits for it
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  account.add("b", {.body = "A: 1\r\n\r\nxx", .mailboxes = {"work"}, .server_id = "S"});
  EXPECT_EQ(pipeline.run().counts.stored, 2U);
  EXPECT_EQ(pipeline.script.body_fetches, 1);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx"), (Places{"Inbox", "Work"}));
  account.add("c", {.body = "A: 1\r\n\r\nxx", .mailboxes = {"work"}, .server_id = "S"});
  EXPECT_EQ(pipeline.run().counts.stored, 1U);
  EXPECT_EQ(pipeline.script.body_fetches, 1);
  EXPECT_EQ(tree.files.size(), 3U);
}

TEST_F(Rekey, ASinkThatCannotLinkReadsItsCopy) {
  pipeline.can.link = false;
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  pipeline.run();
  account.add("b", {.body = "A: 1\r\n\r\nxx", .mailboxes = {"work"}, .server_id = "S"});
  EXPECT_EQ(pipeline.run().counts.stored, 1U);
  EXPECT_EQ(pipeline.script.body_fetches, 1);
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx"), (Places{"Inbox", "Work"}));
}

TEST_F(Rekey, ACopyThatIsNoLongerThereIsFetched) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  pipeline.run();
  tree.files.clear();
  account.add("b", {.body = "A: 1\r\n\r\nxx", .mailboxes = {"work"}, .server_id = "S"});
  EXPECT_EQ(pipeline.run().counts.stored, 1U);
  EXPECT_EQ(pipeline.script.body_fetches, 2);
}

TEST_F(Rekey, TheFollowersOfAMessageThatFailsAreFetchedThemselves) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  account.add("b", {.body = "A: 1\r\n\r\nxx", .mailboxes = {"work"}, .server_id = "S"});
  pipeline.script.on_fetch = [](const std::string& id) {
    if (id == "a") {
      throw Error(ErrorClass::Item, "it cannot be read");
    }
  };
  const run::RunReport report = pipeline.run();
  EXPECT_EQ(report.counts, (run::Counts{.listed = 2, .stored = 1, .quarantined = 1}));
  EXPECT_EQ(tree.where("A: 1\r\n\r\nxx"), (Places{"Work"}));
}

TEST_F(Rekey, ASizeThatDiffersIsAnotherMessageWhateverTheServerIdSays) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  pipeline.run();
  account.add("b", {.body = "A: 1\r\n\r\nlonger", .mailboxes = {"work"}, .server_id = "S"});
  pipeline.run();
  EXPECT_EQ(tree.where("A: 1\r\n\r\nlonger"), (Places{"Work"}));
}

TEST_F(Rekey, NobodyWaitsForAMessageThatGotAnotherServerIdOnItsWayAndIsStored) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = "S"});
  std::promise<void> stored;
  bool named = false;
  tree.before = [&](const std::string& call) {
    if (call == "sync names" && !std::exchange(named, true)) {
      stored.set_value();
    }
  };
  const auto item = [](StreamId stream, const std::string& id, const std::string& server_id) {
    Item out{.key = ScriptedSource::key(id), .stream = stream, .server_id = server_id, .ref = id};
    out.places.push_back({.id = "inbox", .path = {}, .role = {}});
    return out;
  };
  std::promise<void> fetched;
  std::promise<void> told;
  bool met = false;
  pipeline.script.on_fetch = [&](const std::string&) {
    if (!std::exchange(met, true)) {
      fetched.set_value();
      told.get_future().wait();
    }
  };
  const auto be_heard = [](StreamId stream, Emitter& out) {
    for (int i = 0; i < 1'200; ++i) {  // more than may wait
      out.estimate(stream, 0);
    }
  };
  pipeline.script.after_items = [&](StreamId stream, Emitter& out) {
    fetched.get_future().wait();
    out.changed(item(stream, "a", "T"));
    be_heard(stream, out);
    told.set_value();
    stored.get_future().wait();
    be_heard(stream, out);
    account.add("b", {.body = "A: 2\r\n\r\nyy", .server_id = "S"});
    out.listed(item(stream, "b", "S"));
  };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.files.size(), 2U);
}

TEST_F(Rekey, AMessageThatIsRemovedWhileItIsMatchedLeavesNoCopy) {
  account.add("a", {.body = "A: 1\r\n\r\nxx", .server_id = ""});
  pipeline.run();
  rekey("a", "zz", false);
  tell_while_fetching(
      [](StreamId stream, Emitter& out, const std::string& key) { out.removed(stream, key); });
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_TRUE(tree.files.empty());
}

}  // namespace
}  // namespace mailpipe::test
