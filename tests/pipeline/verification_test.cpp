// What a verification makes of sinks that fail.
#include "run/verification.hpp"

#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

class Verifying : public testing::Test {
 protected:
  using Findings = std::multiset<std::string>;

  void SetUp() override {
    account.add("a", {.body = "A: 1\r\n\r\nx", .mailboxes = {"inbox"}});
    account.add("b", {.body = "B: 1\r\n\r\ny", .mailboxes = {"inbox"}});
    pipeline.run();
    ASSERT_EQ(tree.files.size(), 2U);
  }

  Tree::File& file(const std::string& octets) {
    for (auto& [location, file] : tree.files) {
      if (file.octets == octets) {
        return file;
      }
    }
    throw std::logic_error("no such file");
  }

  void fail(const std::string& call) {
    tree.before = [call](const std::string& now) {
      if (now.rfind(call, 0) == 0) {
        throw Error(ErrorClass::Permanent, "the disk says no");
      }
    };
  }

  /// Kind, key and end of each.
  Findings verify(bool repair = false) {
    state::Ledger ledger(pipeline.dir.path() / "state/ledger.db", "test",
                         state::Ledger::Open::Existing);
    state::VerifyBook book;
    run::Verification verification({setup, components(), ledger, book, *pipeline.file_ops,
                                    cancellation,
                                    [](const std::string&, std::uint64_t, std::uint64_t) {}});
    verification.open(repair);
    verification.check({});
    if (repair) {
      verification.put_right();
    }
    Findings out;
    book.for_each(
        [&](const state::Finding& one) { out.insert(text_of(one.kind, one.key, one.end)); });
    return out;
  }

  const run::Components& components() {
    parts = {.source_id = "source",
             .source = nullptr,
             .filters = {},
             .sinks = {sink("tree", pipeline.tree)}};
    if (!other->marker.empty()) {
      parts.sinks = two_sinks();
    }
    return parts;
  }

  run::SinkPart sink(const std::string& id, const std::shared_ptr<Tree>& of) const {
    return {.id = id,
            .sink = std::make_shared<TreeSink>(of),
            .can = pipeline.can,
            .on_remove = pipeline.on_remove,
            .root = id};
  }

  std::vector<run::SinkPart> two_sinks() const {
    return {sink("tree", pipeline.tree), sink("other", other)};
  }

  static std::string text_of(state::Finding::Kind kind, const std::string& key,
                             state::Finding::End end) {
    return std::to_string(static_cast<int>(kind)) + " " + key + " " +
           std::to_string(static_cast<int>(end));
  }

  static std::string finding(state::Finding::Kind kind, const std::string& key,
                             state::Finding::End end = state::Finding::End::Found) {
    return text_of(kind, key.empty() ? "" : "test:account:" + key, end);
  }

  using Kind = state::Finding::Kind;
  TreePipeline pipeline{run::OnRemove::Keep};
  Account& account = pipeline.account;
  Tree& tree = *pipeline.tree;
  std::shared_ptr<Tree> other = std::make_shared<Tree>();
  run::Setup setup{.pipeline = "test",
                   .state_dir = pipeline.dir.path() / "state",
                   .fingerprint = pipeline.fingerprint,
                   .settings = pipeline.settings,
                   .mode = run::Mode::Run};
  run::Cancellation cancellation;
  run::Components parts;
};

TEST_F(Verifying, AScanThatBreaksOffIsAFindingAndTheCopiesAreReadOneByOne) {
  fail("scan");
  EXPECT_EQ(verify(), (Findings{finding(Kind::Unreadable, "")}));
  file("A: 1\r\n\r\nx").octets = "A: 1\r\n\r\nz";
  EXPECT_EQ(verify(), (Findings{finding(Kind::Unreadable, ""), finding(Kind::Damaged, "a")}));
}

TEST_F(Verifying, AScanThatBreaksOffIsNotRepaired) {
  fail("scan");
  EXPECT_EQ(verify(true), (Findings{finding(Kind::Unreadable, "", state::Finding::End::Failed)}));
}

TEST_F(Verifying, ACopyThatTheDiskDoesNotGiveIsUnreadable) {
  file("A: 1\r\n\r\nx").octets = "A: 1\r\n\r\nz";
  fail("read");
  EXPECT_EQ(verify(), (Findings{finding(Kind::Unreadable, "a")}));
}

TEST_F(Verifying, WhatCannotBeMovedAsideIsNotRepaired) {
  file("A: 1\r\n\r\nx").octets = "A: 1\r\n\r\nz";
  fail("remove");
  EXPECT_EQ(verify(true), (Findings{finding(Kind::Damaged, "a", state::Finding::End::Failed)}));
}

TEST_F(Verifying, WhatIsNotDurablyAsideIsNotForgotten) {
  file("A: 1\r\n\r\nx").octets = "A: 1\r\n\r\nz";
  fail("sync names");
  EXPECT_EQ(verify(true), (Findings{finding(Kind::Damaged, "a", state::Finding::End::Failed)}));
}

TEST_F(Verifying, ACopyFromAnotherSinkIsDurableBeforeItIsPublishedAndItsNameBeforeItsReceipt) {
  pipeline.make_sinks = [this](run::Runner&) { return two_sinks(); };
  pipeline.run();
  account.remove("a");
  pipeline.run();
  file("A: 1\r\n\r\nx").octets = "A: 1\r\n\r\nz";
  for (const std::string step : {"sync data", "sync names"}) {
    pipeline.fail_behind("store", step);
    EXPECT_THROW(verify(true), Error) << step;
    EXPECT_EQ(tree.where("A: 1\r\n\r\nx").size(), step == "sync names" ? 1U : 0U);
  }
}

TEST_F(Verifying, ASinkThatCanOnlyBeScannedIsComparedAsWell) {
  pipeline.can.read = false;
  EXPECT_EQ(verify(), Findings{});
  file("A: 1\r\n\r\nx").octets = "A: 1";
  EXPECT_EQ(verify(), (Findings{finding(Kind::Truncated, "a")}));
  tree.files.clear();
  EXPECT_EQ(verify(), (Findings{finding(Kind::Missing, "a"), finding(Kind::Missing, "b")}));
}

}  // namespace
}  // namespace mailpipe::test
