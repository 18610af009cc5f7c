// What sinks follow when the server takes a change back before the run that was killed over it has a successor.
#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace mailpipe::test {
namespace {

using run::OnRemove;
using Change = std::function<void(Account&)>;
using Held = std::map<std::string, std::tuple<std::string, std::set<std::string>, std::string>>;

Held held(const Tree& tree) {
  Held out;
  for (const auto& [location, file] : tree.files) {
    out[location] = {file.octets, file.keywords, file.mailbox};
  }
  return out;
}

/// A run that follows `change` is killed before each call of the sink; `back` undoes the change before the next one.
void expect_as_before(OnRemove how, const Change& change, const Change& back) {
  bool hit = true;
  for (int kill = 1; hit; ++kill) {
    SCOPED_TRACE("killed before call " + std::to_string(kill));
    TreePipeline one{how};
    one.account.add_many(20);
    one.account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {"$flagged"}});
    ASSERT_EQ(one.run().exit_code, 0);
    const Held before = held(*one.tree);
    change(one.account);
    int calls = 0;
    one.tree->before = [&](const std::string&) {
      if (++calls == kill) {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    hit = one.run().exit_code != 0;
    one.tree->before = nullptr;
    back(one.account);
    ASSERT_EQ(one.run().exit_code, 0);
    ASSERT_EQ(held(*one.tree), before);
    EXPECT_EQ(one.run().counts.removed, 0U);
    EXPECT_TRUE(hit || kill > 2);
  }
}

Change to(std::set<std::string> mailboxes, std::set<std::string> keywords) {
  return [=](Account& account) {
    account.change("a", [&](auto& m) {
      m.mailboxes = mailboxes;
      m.keywords = keywords;
    });
  };
}

TEST(MirrorBack, OfAMove) {
  expect_as_before(OnRemove::Delete, to({"work"}, {"$flagged"}), to({"inbox"}, {"$flagged"}));
}

TEST(MirrorBack, OfAFurtherMailbox) {
  expect_as_before(OnRemove::Delete, to({"inbox", "work"}, {"$flagged"}),
                   to({"inbox"}, {"$flagged"}));
}

TEST(MirrorBack, OfKeywords) {
  expect_as_before(OnRemove::Delete, to({"inbox"}, {"$seen"}), to({"inbox"}, {"$flagged"}));
}

TEST(MirrorBack, OfKeywordsInAnArchive) {
  expect_as_before(OnRemove::Keep, to({"inbox"}, {}), to({"inbox"}, {"$flagged"}));
}

TEST(MirrorBack, OfARemoval) {
  for (const OnRemove how : {OnRemove::Delete, OnRemove::Trash}) {
    expect_as_before(
        how, [](Account& account) { account.remove("a"); },
        [](Account& account) {
          account.add("a", {.body = "A: 1\r\n\r\nx", .keywords = {"$flagged"}});
        });
  }
}

/// A server that takes back what it told: as if it had never been.
class TakenBack : public TreePipeline {
 public:
  explicit TakenBack(OnRemove how = OnRemove::Delete, bool keywords_in_names = false)
      : TreePipeline(how) {
    tree->keywords_in_names = keywords_in_names;
    account.add_many(3);
    account.add("a", {.body = kOctets, .keywords = {"$flagged"}});
    EXPECT_EQ(run().exit_code, 0);
    messages_ = account.messages;
    history_ = account.history;
  }

  /// A run that hears of everything, and ends before the cursor is told.
  void hear_and_break_off() {
    script.after_items = [](StreamId, Emitter&) { throw Error(ErrorClass::Permanent, "broken"); };
    EXPECT_NE(run().exit_code, 0);
    script.after_items = nullptr;
  }

  void take_back() {
    account.messages = messages_;
    account.history = history_;
  }

  std::size_t copies() const { return tree->where(kOctets).size(); }

  static constexpr const char* kOctets = "A: 1\r\n\r\nx";

 private:
  std::map<std::string, Account::Message> messages_;
  std::vector<std::string> history_;
};

TEST(MirrorBack, OfARemovalThatIsNotToldAgain) {
  for (const OnRemove how : {OnRemove::Delete, OnRemove::Trash, OnRemove::Keep}) {
    TakenBack one{how};
    const Held before = held(*one.tree);
    one.account.remove("a");
    one.hear_and_break_off();
    one.take_back();
    ASSERT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(held(*one.tree), before);
    EXPECT_EQ(one.script.body_fetches, 4);
    one.account.remove("a");
    ASSERT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.copies(), how == OnRemove::Keep ? 1U : 0U);
    EXPECT_EQ(one.run().counts.listed, 0U);
    EXPECT_EQ(one.copies(), how == OnRemove::Keep ? 1U : 0U);
  }
}

TEST(MirrorBack, OfARemovalBetweenTwoAttemptsOfOneRun) {
  TakenBack one;
  const Held before = held(*one.tree);
  one.account.remove("a");
  bool first = true;
  one.script.after_items = [&](StreamId, Emitter&) {
    if (std::exchange(first, false)) {
      one.take_back();
      throw Error(ErrorClass::Transient, "broken");
    }
  };
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_FALSE(first);
  EXPECT_EQ(held(*one.tree), before);
}

TEST(MirrorBack, NotOfARemovalThatIsToldAgain) {
  TakenBack one;
  one.account.remove("a");
  one.hear_and_break_off();
  EXPECT_EQ(one.copies(), 1U);
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.copies(), 0U);
  EXPECT_EQ(one.run().counts.listed, 0U);  // nothing is doubted any more
  EXPECT_EQ(one.copies(), 0U);
}

TEST(MirrorBack, NotOfARemovalThatACompleteListingConfirms) {
  TakenBack one;
  one.account.remove("a");
  one.hear_and_break_off();
  one.script.lose_cursor = true;
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.copies(), 0U);
}

TEST(MirrorBack, NotOfAMessageThatCameAndWentWithoutBeingToldOfAgain) {
  TakenBack one;
  const Held before = held(*one.tree);
  one.account.add("b");
  one.script.after_items = [&](StreamId stream, Emitter& out) {
    if (one.script.lists == 3) {
      out.removed(stream, ScriptedSource::key("b"));
    }
    throw Error(ErrorClass::Permanent, "broken");
  };
  EXPECT_NE(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 5U);
  EXPECT_NE(one.run().exit_code, 0);
  one.script.after_items = nullptr;
  one.take_back();
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(held(*one.tree), before);
}

// A cursor that is told before the removal covers what came before it, and no more.
TEST(MirrorBack, OfARemovalThatIsToldAfterACursor) {
  TakenBack one;
  const Held before = held(*one.tree);
  one.account.change("m1", [](auto& message) { message.keywords = {"$seen"}; });
  one.account.add("b");
  one.script.after_items = [&](StreamId stream, Emitter& out) {
    out.checkpoint(stream, std::to_string(one.account.state()));
    out.removed(stream, ScriptedSource::key("a"));
    throw Error(ErrorClass::Permanent, "broken");
  };
  EXPECT_NE(one.run().exit_code, 0);
  one.script.after_items = nullptr;
  const auto report = one.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts.listed, 0U);
  EXPECT_EQ(one.copies(), 1U);
  EXPECT_EQ(held(*one.tree).size(), before.size() + 1);
}

TEST(MirrorBack, OfARemovalWhoseCopyGoesOnInTheNextRun) {
  TakenBack one;
  one.account.remove("a");
  one.hear_and_break_off();
  one.take_back();
  one.account.add("b", {.body = TakenBack::kOctets, .mailboxes = {"work"}, .server_id = "a"});
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->where(TakenBack::kOctets), (std::multiset<std::string>{"Inbox", "Work"}));
}

// The copy went on under another key, which is not there any more either.
TEST(MirrorBack, OfARemovalThatLookedLikeAMove) {
  for (const std::string to : {"inbox", "work"}) {
    for (const char* other : {"b", "0"}) {  // told after it and before it
      SCOPED_TRACE(other + to);
      TakenBack one;
      one.account.remove("a");
      one.account.add(other, {.body = TakenBack::kOctets, .mailboxes = {to}, .server_id = "a"});
      one.hear_and_break_off();
      one.take_back();
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(one.run().exit_code, 0);
        EXPECT_EQ(one.tree->where(TakenBack::kOctets), std::multiset<std::string>{"Inbox"});
        EXPECT_EQ(one.tree->files.size(), 4U);
        one.account.change("a", [](auto& message) { message.keywords = {"$seen"}; });
      }
    }
  }
}

// The same in a Maildir, where the copies under both keys have the same name but for the flags in it.
TEST(MirrorBack, OfARemovalThatLookedLikeAMoveToOtherKeywords) {
  using Keywords = std::vector<std::string>;
  for (const char* to : {"inbox", "work"}) {
    for (const Keywords& there : {Keywords{"$flagged"}, Keywords{"$seen"}}) {
      for (const Keywords& later : {Keywords{"$flagged"}, Keywords{"$seen"}, Keywords{}}) {
        SCOPED_TRACE(std::string(to) + " " + there[0] + " " + std::to_string(later.size()));
        TakenBack one(OnRemove::Delete, true);
        one.account.remove("a");
        one.account.add("b", {.body = TakenBack::kOctets,
                              .mailboxes = {to},
                              .keywords = {there.begin(), there.end()},
                              .server_id = "a"});
        one.hear_and_break_off();
        one.take_back();
        one.account.change("a", [&](auto& m) { m.keywords = {later.begin(), later.end()}; });
        for (int i = 0; i < 2; ++i) {
          EXPECT_EQ(one.run().exit_code, 0);
          EXPECT_EQ(one.tree->where(TakenBack::kOctets), std::multiset<std::string>{"Inbox"});
          EXPECT_EQ(one.tree->files.size(), 4U);
        }
        one.account.remove("a");
        EXPECT_EQ(one.run().exit_code, 0);
        EXPECT_EQ(one.tree->files.size(), 3U);
      }
    }
  }
}

// Both lie in one file, which then gets another name.
TEST(MirrorBack, OfARemovalThatLookedLikeAMoveAndThenOfKeywords) {
  TakenBack one(OnRemove::Delete, true);
  one.account.remove("a");
  one.account.add("b", {.body = TakenBack::kOctets,
                        .mailboxes = {"work"},
                        .keywords = {"$flagged"},
                        .server_id = "a"});
  one.hear_and_break_off();
  one.take_back();
  one.account.change("a", [](auto& message) { message.keywords = {"$flagged"}; });
  one.hear_and_break_off();
  one.account.change("a", [](auto& message) { message.keywords = {"$seen"}; });
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->where(TakenBack::kOctets), std::multiset<std::string>{"Inbox"});
  EXPECT_EQ(one.tree->files.size(), 4U);
}

TEST(MirrorBack, NotOfAMoveThatIsToldAgain) {
  TakenBack one;
  one.account.remove("a");
  one.account.add("b", {.body = TakenBack::kOctets, .keywords = {}, .server_id = "a"});
  one.hear_and_break_off();
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.copies(), 1U);
  EXPECT_EQ(one.script.body_fetches, 4);
  EXPECT_EQ(one.run().counts.listed, 0U);
  EXPECT_EQ(one.copies(), 1U);
}

// Where the mirror is an archive by then, nothing more of what was begun is taken away.
TEST(MirrorBack, OfBeingAMirror) {
  TreePipeline one{OnRemove::Delete};
  one.account.add_many(30);
  one.run();
  one.account.remove("m3");
  one.account.remove("m5");
  int removals = 0;
  one.tree->before = [&](const std::string& call) {
    removals += call.starts_with("remove ");
    if (removals == 2) {
      throw Error(ErrorClass::Permanent, "killed");
    }
  };
  EXPECT_NE(one.run().exit_code, 0);
  one.tree->before = nullptr;
  one.on_remove = OnRemove::Keep;
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 29U);
  one.on_remove = OnRemove::Delete;
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 28U);
}

// JMAP's Mailbox/changes may tell of what happened after Email/changes.
TEST(MirrorBack, AMailboxThatGoesBeforeItsMessagesDoIsRemovedAfterThem) {
  TreePipeline one{OnRemove::Delete};
  one.account.add_many(5);
  one.account.add("w", {.body = "W: 1\r\n\r\nw", .mailboxes = {"work"}});
  one.run();
  one.account.mailboxes.erase("work");
  one.account.gone_mailboxes = {"work"};
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 6U);
  one.account.gone_mailboxes.clear();
  one.account.remove("w");
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 5U);
  EXPECT_FALSE(one.tree->mailboxes.contains("Work"));
}

}  // namespace
}  // namespace mailpipe::test
