// Messages that filter-dedup calls the same as another: which copy stays, and what happens when that one goes.
#include "dedup_filter.hpp"
#include "pipeline/tree_pipeline.hpp"
#include "state/ledger.hpp"

#include <mailpipe/options.hpp>

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::test {
namespace {

using run::Counts;
using run::OnRemove;
using Places = std::multiset<std::string>;

const std::string kBody = "Message-ID: <1@example.org>\r\nSubject: x\r\n\r\nthe same\r\n";

/// The dedup filter in front of one sink of mailboxes; "a" lies in Inbox, what else has its body in Work.
struct Dedup : TreePipeline {
  explicit Dedup(OnRemove how, std::string how_to = R"({"by": "content", "on_duplicate": "drop"})")
      : TreePipeline(how),
        options(std::move(how_to)) {
    make_filters = [this](run::Runner& runner) {
      auto filter =
          std::make_shared<dedup::DedupFilter>(Options(options), runner.host("filter:dedup"));
      return std::vector<run::FilterPart>{{.id = "dedup", .filter = filter, .owners = options}};
    };
    add_same("a", "inbox");
  }

  void add_same(const std::string& id, const std::string& mailbox) {
    account.add(id, {.body = kBody, .mailboxes = {mailbox}});
  }

  state::Row row(const std::string& id) {
    state::Ledger ledger(dir.path() / "state" / "ledger.db", "test", state::Ledger::Open::Existing);
    return ledger.find(ScriptedSource::key(id));
  }

  std::string options;
};

TEST(Duplicates, OneOfTheSameOctetsIsStoredAndTheOtherNamesIt) {
  Dedup one(OnRemove::Keep);
  one.add_same("b", "work");
  one.account.add("c");
  EXPECT_EQ(one.run().counts, (Counts{.listed = 3, .deduped = 1, .stored = 2}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox"}));
  EXPECT_EQ(one.row("b").state, state::RowState::Deduplicated);
  EXPECT_EQ(one.row("b").owner, ScriptedSource::key("a"));
}

TEST(Duplicates, DifferentOctetsOfOneMessageIdAreBothStored) {
  Dedup one(OnRemove::Keep);
  one.account.add("b", {.body = kBody + "more", .mailboxes = {"work"}});
  EXPECT_EQ(one.run().counts, (Counts{.listed = 2, .stored = 2}));
}

TEST(Duplicates, ManyAtOnceEndAsOne) {
  Dedup one(OnRemove::Keep);
  for (int i = 0; i < 300; ++i) {
    one.add_same("m" + std::to_string(i), "work");
  }
  EXPECT_EQ(one.run().counts, (Counts{.listed = 301, .deduped = 300, .stored = 1}));
  EXPECT_EQ(one.tree->where(kBody).size(), 1U);
}

TEST(Duplicates, IfTheFirstCannotBeStoredTheSecondIs) {
  Dedup one(OnRemove::Keep);
  one.add_same("b", "work");
  one.tree->before = [](const std::string& call) {
    if (call == "store test:account:a") {
      throw Error(ErrorClass::Item, "not this one");
    }
  };
  EXPECT_EQ(one.run().counts, (Counts{.listed = 2, .stored = 1, .quarantined = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Work"}));
  one.tree->before = nullptr;
  EXPECT_EQ(one.run().counts, (Counts{.reoffered = 1, .deduped = 1})) << "b is the owner now";
  EXPECT_EQ(one.tree->where(kBody), (Places{"Work"}));
}

TEST(Duplicates, ArrivingLaterIsADuplicateToo) {
  Dedup one(OnRemove::Keep);
  one.run();
  one.add_same("b", "work");
  EXPECT_EQ(one.run().counts, (Counts{.listed = 1, .deduped = 1}));
  EXPECT_EQ(one.run().counts, Counts{});
}

TEST(Duplicates, TheOwnerThatGoesHandsOverAndIsNeverMissed) {
  Dedup one(OnRemove::Delete);
  one.add_same("b", "work");
  one.add_same("c", "work");
  one.run();
  one.account.remove("a");
  one.tree->before = [&](const std::string& call) {
    EXPECT_FALSE(one.tree->where(kBody).empty()) << call;
  };
  EXPECT_EQ(one.run().counts,
            (Counts{.removed = 1, .reoffered = 2, .deduped = 1, .stored = 1, .gone = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Work"}));
  EXPECT_EQ(one.row("c").owner, ScriptedSource::key("b")) << "the oldest duplicate is next";
}

TEST(Duplicates, ADuplicateThatGoesTakesNothingAlong) {
  Dedup one(OnRemove::Delete);
  one.add_same("b", "work");
  one.run();
  one.account.remove("b");
  EXPECT_EQ(one.run().counts, (Counts{.removed = 1, .gone = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox"}));
}

TEST(Duplicates, AnArchiveKeepsTheCopyThatItHas) {
  Dedup one(OnRemove::Keep);
  one.add_same("b", "work");
  one.run();
  one.account.remove("a");
  one.account.add("c", {.body = kBody, .mailboxes = {"work"}, .received_at = 7});  // no move of a
  EXPECT_EQ(one.run().counts, (Counts{.listed = 1, .removed = 1, .deduped = 1, .gone = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox"}));
}

TEST(Duplicates, AnArchiveThatBecomesAMirrorHandsOverFirst) {
  Dedup one(OnRemove::Keep);
  one.add_same("b", "work");
  one.run();
  one.account.remove("a");
  one.run();
  one.on_remove = OnRemove::Delete;
  one.tree->before = [&](const std::string& call) {
    EXPECT_FALSE(one.tree->where(kBody).empty()) << call;
  };
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->where(kBody), (Places{"Work"}));
}

TEST(Duplicates, ALinkedOneHasItsOwnPlaceAndNoSecondCopy) {
  Dedup one(OnRemove::Keep, R"({"by": "content", "on_duplicate": "link"})");
  one.add_same("b", "work");
  EXPECT_EQ(one.run().counts, (Counts{.listed = 2, .stored = 2}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox", "Work"}));
  const auto& calls = one.tree->calls;
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "link test:account:b"), 1);
  EXPECT_EQ(one.row("b").state, state::RowState::Stored);
}

TEST(Duplicates, WhereThereIsNothingToLinkToTheBodyIsStored) {
  Dedup one(OnRemove::Keep, R"({"by": "content", "on_duplicate": "link"})");
  one.run();
  one.tree->files.clear();
  one.add_same("b", "work");
  EXPECT_EQ(one.run().counts, (Counts{.listed = 1, .stored = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Work"}));
}

TEST(Duplicates, ALinkByMessageIdIsAReceiptOfWhatLiesThere) {
  Dedup one(OnRemove::Keep, R"({"by": "message-id", "on_duplicate": "link"})");
  one.account.add("b", {.body = kBody + "more", .mailboxes = {"work"}});
  one.run();
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox", "Work"}));
  state::Ledger ledger(one.dir.path() / "state" / "ledger.db", "test",
                       state::Ledger::Open::Existing);
  const auto receipts = ledger.receipts(ledger.find(ScriptedSource::key("b")).id);
  ASSERT_EQ(receipts.size(), 1U);
  EXPECT_EQ(receipts[0].digest, spool::sha256(kBody));
  EXPECT_EQ(receipts[0].size, kBody.size());
}

// The removal of the owner was heard and its place taken, but its copy is still there when it comes back elsewhere.
TEST(Duplicates, AnOwnerThatComesBackAfterItHandedOverIsADuplicate) {
  for (const char* key : {"a", "z"}) {
    Dedup one(OnRemove::Delete);
    one.add_same("b", "work");
    one.run();
    one.account.remove("a");
    one.tree->before = [](const std::string& call) {
      if (call.starts_with("remove")) {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    EXPECT_EQ(one.run().exit_code, 1);
    EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox", "Work"}));
    one.tree->before = nullptr;
    one.add_same(key, "inbox");
    EXPECT_EQ(one.run().exit_code, 0);
    EXPECT_EQ(one.tree->where(kBody), (Places{"Work"})) << key;
    EXPECT_EQ(one.row(key).owner, ScriptedSource::key("b"));
  }
}

// An owner keeps its place when the server gives it another key.
TEST(Duplicates, FollowTheirOwnerToItsNewKey) {
  Dedup one(OnRemove::Delete);
  one.account.change("a", [](auto& m) { m.server_id = "same"; });
  one.add_same("b", "work");
  one.run();
  one.account.messages.erase("a");
  one.account.add("z", {.body = kBody, .mailboxes = {"inbox"}, .server_id = "same"});
  one.script.lose_cursor = true;
  one.run();
  one.run();
  EXPECT_EQ(one.tree->where(kBody).size(), 1U);
  one.add_same("c", "work");
  EXPECT_EQ(one.run().counts.deduped, 1U);
  EXPECT_EQ(one.tree->where(kBody).size(), 1U);
}

/// Calls each message a duplicate of the one that a test says.
class Misled final : public Filter {
 public:
  Misled(std::map<std::string, std::string> owners, bool link)
      : owners_(std::move(owners)),
        link_(link) {}

  Needs needs() const override { return Needs::Body; }

  Verdict judge(const Item& item, const Body*) override {
    const auto found = owners_.find(item.key);
    return found == owners_.end() ? Verdict::keep() : Verdict::duplicate(found->second, link_);
  }

 private:
  std::map<std::string, std::string> owners_;
  bool link_;
};

Counts misled_by(const std::map<std::string, std::string>& owners, bool link) {
  Dedup one(OnRemove::Keep);
  one.account.add("b");
  std::map<std::string, std::string> keys;
  for (const auto& [duplicate, owner] : owners) {
    keys[ScriptedSource::key(duplicate)] = ScriptedSource::key(owner);
  }
  one.make_filters = [&](run::Runner&) {
    return std::vector<run::FilterPart>{
        {.id = "misled", .filter = std::make_shared<Misled>(keys, link)}};
  };
  const run::RunReport report = one.run();
  EXPECT_EQ(report.exit_code, 3);
  return report.counts;
}

TEST(Duplicates, OfThemselvesAreNotBelieved) {
  for (const bool link : {false, true}) {
    EXPECT_EQ(misled_by({{"a", "a"}}, link), (Counts{.listed = 2, .stored = 1, .quarantined = 1}));
  }
}

TEST(Duplicates, OfEachOtherAreNotBelieved) {
  for (const bool link : {false, true}) {
    EXPECT_EQ(misled_by({{"a", "b"}, {"b", "a"}}, link), (Counts{.listed = 2, .quarantined = 2}));
  }
}

TEST(Duplicates, OfWhatNobodyKnowsAreNotBelieved) {
  EXPECT_EQ(misled_by({{"b", "c"}}, false), (Counts{.listed = 2, .stored = 1, .quarantined = 1}));
}

TEST(Duplicates, WithoutTheFilterTheyAreTakenAfterAll) {
  Dedup one(OnRemove::Keep);
  one.add_same("b", "work");
  one.run();
  one.make_filters = nullptr;
  EXPECT_EQ(one.run().counts, (Counts{.reoffered = 1, .stored = 1}));
  EXPECT_EQ(one.tree->where(kBody), (Places{"Inbox", "Work"}));
}

/// Leaves out what came before a date that a test may change.
class Since final : public Filter {
 public:
  explicit Since(std::int64_t since) : since_(since) {}

  Verdict judge(const Item& item, const Body*) override {
    return item.received_at->time_since_epoch().count() < since_ ? Verdict::drop("old")
                                                                 : Verdict::keep();
  }

 private:
  std::int64_t since_;
};

TEST(SinkFilters, AreAskedAgainWhenTheirOptionsChange) {
  TreePipeline one(OnRemove::Keep);
  one.can = {.places = true};
  one.account.add("a");
  std::int64_t since = 2'000'000;
  const auto sinks = one.make_sinks;
  one.make_sinks = [&](run::Runner& runner) {
    auto parts = sinks(runner);
    parts.push_back({.id = "other",
                     .sink = std::make_shared<TreeSink>(std::make_shared<Tree>()),
                     .root = "other"});
    parts[0].filters = {{.id = "since", .filter = std::make_shared<Since>(since)}};
    parts[1].can = {.places = true};
    parts[1].required = false;
    return parts;
  };
  one.run();
  EXPECT_TRUE(one.tree->files.empty());
  since = 0;
  one.fingerprint = "f2";
  EXPECT_EQ(one.run().exit_code, 0);
  EXPECT_EQ(one.tree->files.size(), 1U);
}

/// A kill at any call of a sink: nothing is swallowed, a replay is no duplicate.
void kill_anywhere(const std::string& options, const std::function<void(Dedup&)>& change,
                   const Places& expected) {
  for (int kill = 1;; ++kill) {
    Dedup one(OnRemove::Delete, options);
    one.add_same("b", "work");
    if (change) {
      one.run();
      change(one);
    }
    int calls = 0;
    const bool had = !one.tree->where(kBody).empty();
    one.tree->before = [&](const std::string& call) {
      EXPECT_TRUE(!had || !one.tree->where(kBody).empty()) << call;
      if (++calls == kill) {
        throw Error(ErrorClass::Permanent, "killed");
      }
    };
    const bool hit = one.run().exit_code != 0;
    one.tree->before = nullptr;
    const run::RunReport after = one.run();
    EXPECT_EQ(after.exit_code, 0) << kill;
    EXPECT_EQ(one.tree->where(kBody), expected) << kill;
    if (!hit) {
      EXPECT_GT(kill, 4);
      break;
    }
  }
}

TEST(Duplicates, AKillAnywhereLeavesOne) {
  kill_anywhere(R"({"by": "content", "on_duplicate": "drop"})", nullptr, {"Inbox"});
}

TEST(Duplicates, AKillAnywhereLeavesTheLink) {
  kill_anywhere(R"({"by": "content", "on_duplicate": "link"})", nullptr, {"Inbox", "Work"});
}

TEST(Duplicates, AKillAnywhereInAHandOverLeavesOne) {
  kill_anywhere(R"({"by": "content", "on_duplicate": "drop"})",
                [](Dedup& one) { one.account.remove("a"); }, {"Work"});
}

TEST(Duplicates, AKillAnywhereInAMoveLeavesOne) {
  kill_anywhere(R"({"by": "content", "on_duplicate": "drop"})",
                [](Dedup& one) {
                  one.account.remove("a");  // as IMAP tells of a move: gone here, new there
                  one.account.remove("b");
                  one.add_same("c", "work");
                },
                {"Work"});
}

}  // namespace
}  // namespace mailpipe::test
