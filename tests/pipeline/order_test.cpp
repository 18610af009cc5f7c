// The order in which messages reach a sink that keeps one.
#include "run/order.hpp"

#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

using run::Order;
using Tokens = std::vector<Order::Token>;

TEST(Order, TheHeadNeverWaits) {
  Order order;
  order.join(1, 10);
  order.join(1, 11);
  EXPECT_EQ(order.here(10).stage, (Tokens{10}));
  EXPECT_EQ(order.staged(10).commit, (Tokens{10}));
}

TEST(Order, WhatIsBehindWaitsForWhatIsBefore) {
  Order order;
  for (const Order::Token token : {10, 11, 12}) {
    order.join(1, token);
  }
  EXPECT_TRUE(order.here(12).stage.empty());
  EXPECT_TRUE(order.here(11).stage.empty());
  EXPECT_EQ(order.here(10).stage, (Tokens{10, 11, 12}));
  EXPECT_TRUE(order.staged(11).commit.empty());
  EXPECT_EQ(order.staged(10).commit, (Tokens{10, 11}));
}

TEST(Order, WhoLeavesLetsTheOthersGoOn) {
  Order order;
  order.join(1, 10);
  order.join(1, 11);
  EXPECT_TRUE(order.here(11).stage.empty());
  EXPECT_EQ(order.leave(10).stage, (Tokens{11}));
  EXPECT_TRUE(order.leave(10).stage.empty());
}

TEST(Order, StreamsDoNotWaitForEachOther) {
  Order order;
  order.join(1, 10);
  order.join(2, 11);
  EXPECT_EQ(order.here(11).stage, (Tokens{11}));
}

TEST(Order, NobodyIsStoredBeforeWhatComesInAnotherRun) {
  Order order;
  for (const Order::Token token : {10, 11, 12, 13}) {
    order.join(1, token);
  }
  order.here(10);
  order.here(12);
  EXPECT_EQ(order.cut(11).fail, (Tokens{12}));
  EXPECT_EQ(order.staged(10).commit, (Tokens{10})) << "those before it go on";
  EXPECT_EQ(order.here(13).fail, (Tokens{13}));
}

TEST(Order, WhoFailsWhileAllAreStagedTakesThoseBehindAlong) {
  Order order;
  for (const Order::Token token : {10, 11, 12}) {
    order.join(1, token);
  }
  order.here(12);
  order.here(11);
  EXPECT_EQ(order.here(10).stage, (Tokens{10, 11, 12}));
  EXPECT_TRUE(order.cut(10).fail.empty()) << "the sink has them";
  order.join(1, 13);
  const Order::Turns late = order.here(13);
  EXPECT_TRUE(late.stage.empty());
  EXPECT_EQ(late.fail, (Tokens{13}));
  EXPECT_EQ(order.staged(11).fail, (Tokens{11}));
  EXPECT_EQ(order.staged(12).fail, (Tokens{12}));
}

TEST(Order, OneThatComesOnceMoreKeepsItsTurn) {
  Order order;
  order.join(1, 10);
  order.join(1, 11);
  order.here(10);
  order.here(11);
  order.join(1, 10);
  EXPECT_EQ(order.here(10).stage, (Tokens{10}));
  EXPECT_TRUE(order.staged(11).commit.empty());
  EXPECT_EQ(order.staged(10).commit, (Tokens{10, 11}));
}

// ---- in a run

std::vector<std::string> stored_in(const Tree& tree) {
  std::vector<std::string> out;
  for (const std::string& call : tree.calls) {
    if (call.starts_with("store ")) {
      out.push_back(call.substr(call.rfind(':') + 1));
    }
  }
  return out;
}

std::vector<std::string> listed(const Account& account) {
  std::vector<std::string> out;
  for (const auto& [id, message] : account.messages) {
    out.push_back(id);
  }
  return out;
}

/// Some bodies come late, as they do over several connections.
struct Ordered : TreePipeline {
  Ordered() : TreePipeline(run::OnRemove::Keep) {
    can = {.read = true, .ordered = true, .places = true};
    script.on_fetch = [this](const std::string& id) {
      if (std::hash<std::string>{}(id) % 3 == 0 && late.insert(id).second) {
        throw Error(ErrorClass::Item, "once more");
      }
    };
  }

  std::set<std::string> late;
};

TEST(OrderedSink, GetsMessagesAsTheyWereListed) {
  Ordered one;
  one.account.add_many(700);
  one.settings.batch_messages = 50;
  EXPECT_EQ(one.run().counts, (run::Counts{.listed = 700, .stored = 700}));
  EXPECT_GT(one.late.size(), 100U);
  EXPECT_EQ(stored_in(*one.tree), listed(one.account));
}

TEST(OrderedSink, GoesOnWithoutAMessageThatFails) {
  Ordered one;
  one.account.add_many(300);
  one.script.on_fetch = [](const std::string& id) {
    if (id == "m100") {
      throw Error(ErrorClass::Item, "never");
    }
  };
  one.run();
  auto expected = listed(one.account);
  std::erase(expected, "m100");
  EXPECT_EQ(stored_in(*one.tree), expected);
}

TEST(OrderedSink, HoldsNothingBackThatIsLargerThanTheLimits) {
  Ordered one;
  one.settings.memory = 1;
  for (int i = 0; i < 60; ++i) {
    one.account.add("m" + std::to_string(i),
                    {.body = "Subject: x\r\n\r\n" + std::string(300'000, 'x')});
  }
  EXPECT_EQ(one.run().counts.stored, 60U);
  EXPECT_EQ(stored_in(*one.tree), listed(one.account));
}

TEST(OrderedSink, GivesUpInTheMiddleAndGoesOnInOrder) {
  Ordered one;
  one.account.add_many(400);
  one.settings.batch_messages = 20;
  one.script.on_fetch = [&](const std::string& id) {
    if (id == "m1") {
      throw Error(ErrorClass::Transient, "later");  // what is behind it waits
    }
    if (id == "m30") {
      one.cancellation->raise(Cancel::Abort);
    }
  };
  one.run();
  EXPECT_LT(one.tree->files.size(), 400U);  // m1 failed, or was given up before the end came
  one.script.on_fetch = nullptr;
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 400U);
}

// A sink may fail at one message while others are staged or committed: those it will not publish any more.
TEST(OrderedSink, WhatWasStagedWhenItFailedIsNotStored) {
  for (const char* failing : {"store test:account:m5", "store test:account:m90", "sync data"}) {
    Ordered one;
    one.account.add_many(100);
    one.settings.batch_messages = 10;
    one.tree->before = [&](const std::string& call) {
      if (call == failing) {
        throw Error(ErrorClass::Permanent, "broken");
      }
    };
    const run::RunReport report = one.run();
    EXPECT_EQ(report.exit_code, 1) << failing;
    EXPECT_EQ(report.counts.stored, one.tree->files.size()) << failing;
    EXPECT_GT(report.counts.failed, 0U) << failing;
    one.tree->before = nullptr;
    EXPECT_EQ(one.run().counts.stored, 100 - report.counts.stored) << failing;
    EXPECT_EQ(one.tree->files.size(), 100U) << failing;
  }
}

/// An unordered sink first; an ordered one is added later.
struct TwoSinks : Ordered {
  TwoSinks() {
    make_sinks = [this](run::Runner&) {
      run::SinkPart first{.id = "first",
                          .sink = std::make_shared<TreeSink>(tree),
                          .can = {.read = true, .places = true},
                          .root = "first"};
      run::SinkPart second{.id = "second",
                           .sink = std::make_shared<TreeSink>(log),
                           .can = {.ordered = true, .places = true},
                           .root = "second"};
      return both ? std::vector{first, second} : std::vector{first};
    };
  }

  std::shared_ptr<Tree> log = std::make_shared<Tree>();
  bool both = false;
};

TEST(OrderedSink, IsFilledFromAnotherSinkBeforeAnythingNew) {
  TwoSinks two;
  two.account.add_many(250);
  two.run();
  two.both = true;
  two.account.add("a-new-one");
  two.script.fetches = 0;
  EXPECT_EQ(two.run().exit_code, 0);
  EXPECT_EQ(two.script.body_fetches - 250, 1) << "only what no sink had was fetched";
  const auto in_log = stored_in(*two.log);
  ASSERT_EQ(in_log.size(), 251U);
  EXPECT_EQ(in_log.back(), "a-new-one");
  EXPECT_EQ(two.log->files.size(), 251U);
}

TEST(OrderedSink, WhatNoSinkHasAnyMoreIsFetched) {
  TwoSinks two;
  two.account.add_many(30);
  two.run();
  two.tree->files.erase("Inbox/" + ScriptedSource::key("m7"));
  two.both = true;
  EXPECT_EQ(two.run().exit_code, 0);
  EXPECT_EQ(two.log->files.size(), 30U);
}

TEST(OrderedSink, AKillAnywhereChangesNothingOfTheOrder) {
  for (int kill = 3; kill < 400; kill += 7) {
    TwoSinks two;
    two.both = true;
    two.settings.batch_messages = 20;
    two.account.add_many(100);
    int calls = 0;
    two.log->before = [&](const std::string&) {
      if (++calls == kill) {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    const bool hit = two.run().exit_code != 0;
    two.log->before = nullptr;
    const std::size_t before = two.log->files.size();
    const std::vector<std::string> first = stored_in(*two.log);
    two.log->calls.clear();
    EXPECT_EQ(two.run().exit_code, 0);
    std::vector<std::string> all(first.begin(),
                                 first.begin() + static_cast<std::ptrdiff_t>(before));
    for (const std::string& id : stored_in(*two.log)) {
      all.push_back(id);
    }
    EXPECT_EQ(all, listed(two.account)) << kill;
    EXPECT_EQ(two.log->files.size(), 100U) << kill;
    if (!hit) {
      break;
    }
  }
}

}  // namespace
}  // namespace mailpipe::test
