// What becomes of mailboxes in a mirror: empty ones, renamed ones, those that are gone.
#include "pipeline/tree_pipeline.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace mailpipe::test {
namespace {

using Places = std::multiset<std::string>;

class MirrorMailboxes : public Mirror {};

TEST_F(MirrorMailboxes, EmptyMailboxesAreMadeAndLeftOnesRemoved) {
  account.mailboxes["empty"] = {"Lists", "empty"};
  pipeline.run();
  EXPECT_TRUE(tree.mailboxes.contains("Lists/empty"));
  tree.calls.clear();
  pipeline.run();
  EXPECT_TRUE(tree.calls.empty()) << "nothing changed about them";
  account.mailboxes.erase("empty");
  account.gone_mailboxes = {"empty"};
  pipeline.run();
  EXPECT_FALSE(tree.mailboxes.contains("Lists/empty"));
}

TEST_F(MirrorMailboxes, AMailboxThatACompleteListingDoesNotNameIsGone) {
  account.mailboxes["empty"] = {"Lists", "empty"};
  pipeline.run();
  account.mailboxes.erase("empty");
  pipeline.script.lose_cursor = true;
  pipeline.run();
  EXPECT_FALSE(tree.mailboxes.contains("Lists/empty"));
}

TEST_F(MirrorMailboxes, AMailboxThatGoesBetweenTwoAttemptsOfAListingIsGone) {
  account.mailboxes["empty"] = {"Lists", "empty"};
  pipeline.script.after_list = [&] {
    if (pipeline.script.lists == 1) {
      account.mailboxes.erase("empty");
      throw Error(ErrorClass::CursorLost, "the cursor is too old");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.script.lists, 2);
  EXPECT_FALSE(tree.mailboxes.contains("Lists/empty"));
}

TEST_F(MirrorMailboxes, AListingThatNamesNoMailboxLeavesThemAsTheyAre) {
  account.mailboxes["empty"] = {"Lists", "empty"};
  pipeline.run();
  const std::set<std::string> before = tree.mailboxes;
  account.mailboxes.clear();
  pipeline.script.lose_cursor = true;
  pipeline.run();
  EXPECT_EQ(tree.mailboxes, before);
}

TEST_F(MirrorMailboxes, AMailboxThatIsGoneIsForgottenOnceThatIsDurable) {
  account.mailboxes["empty"] = {"Lists", "empty"};
  pipeline.run();
  account.mailboxes.erase("empty");
  account.gone_mailboxes = {"empty"};
  pipeline.fail_behind("drop", "sync names");
  EXPECT_NE(pipeline.run().exit_code, 0);
  tree.mailboxes.insert("Lists/empty");  // the power went, and it is back
  tree.before = nullptr;
  pipeline.run();
  EXPECT_FALSE(tree.mailboxes.contains("Lists/empty"));
}

TEST_F(MirrorMailboxes, ARenamedMailboxMovesItsMessagesWithoutADownload) {
  account.add_many(5);
  account.add("w", {.body = "W: 1\r\n\r\nw", .mailboxes = {"work"}});
  pipeline.run();
  account.mailboxes["work"] = {"Job"};
  tree.before = [&](const std::string& call) {
    EXPECT_FALSE(tree.where("W: 1\r\n\r\nw").empty()) << call;
  };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(tree.where("W: 1\r\n\r\nw"), (Places{"Job"}));
  EXPECT_FALSE(tree.mailboxes.contains("Work"));
  EXPECT_EQ(pipeline.script.fetches, 6);
}

}  // namespace
}  // namespace mailpipe::test
