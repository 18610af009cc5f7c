#include "pipeline/jmap_cyrus_fixture.hpp"

#include <nlohmann/json.hpp>

namespace mailpipe::test {
namespace {

class JmapCyrusWindow : public JmapCyrusRun {
 protected:
  nlohmann::json held() const { return nlohmann::json::parse(status().out).at("held"); }

  /// Makes Cyrus forget the states that it told: the next run cannot ask what changed since.
  void forget_changes() { account_->destroy_mailbox(account_->create_mailbox("Passing")); }
};

TEST_F(JmapCyrusWindow, HoldsYoungMailAndStoresItLaterWithoutListingItAgain) {
  write("delay: 24h");
  import_at("a week old", utc(-7 * 24h));
  const std::string young = import_at("an hour old", utc(-1h));
  expect_well(run());
  EXPECT_EQ(count("stored"), 1U);
  EXPECT_EQ(count("held"), 1U);
  ASSERT_EQ(held().size(), 1U);
  EXPECT_EQ(held().at(0).at("key"), key_of(young));

  const Finished early = run(22h);
  expect_well(early);
  EXPECT_TRUE(contains(early.out, "nothing new (1 held from earlier runs)")) << early.out;
  EXPECT_EQ(count("stored"), 0U);

  expect_well(run(23h + 1min));
  EXPECT_EQ(count("stored"), 1U);
  EXPECT_EQ(count("reoffered"), 1U);
  EXPECT_EQ(count("listed"), 0U);
  EXPECT_EQ(blobs(), 1U);
  EXPECT_TRUE(held().empty());
  expect_all_stored();
}

TEST_F(JmapCyrusWindow, StatusTellsToTheSecondUntilWhenAMessageIsHeld) {
  write("delay: 24h");
  const std::string received = utc(-1h);
  import_at("young", received);
  run();
  ASSERT_EQ(held().size(), 1U);
  EXPECT_EQ(held().at(0).at("until").get<std::string>().substr(10), received.substr(10))
      << "a day later at the same time";
}

TEST_F(JmapCyrusWindow, CountsAHeldMessageThatIsDeletedAsGoneById) {
  write("delay: 24h");
  const std::string young = import_at("regretted", utc(-1h));
  run();
  account_->destroy(young);
  const Finished result = run(48h);
  expect_well(result);
  EXPECT_EQ(count("gone"), 1U);
  EXPECT_EQ(report().at("items").at(0).at("key"), key_of(young));
  EXPECT_TRUE(contains(result.out, key_of(young))) << result.out;
  EXPECT_TRUE(files().empty());
  EXPECT_TRUE(held().empty());
}

TEST_F(JmapCyrusWindow, FirstRunLeavesOlderMailOutForGood) {
  write("first_run: 7d");
  const std::string old = import_at("old", "2020-01-01T00:00:00Z");
  import_at("recent", utc(-24h));
  const Finished first = run();
  expect_well(first);
  EXPECT_EQ(count("filtered"), 1U);
  EXPECT_TRUE(contains(first.out, "filtered: 1 by window: before-first-run")) << first.out;
  const auto stored = files();
  EXPECT_EQ(stored.size(), 1U);

  expect_well(run(30 * 24h));
  account_->set_keywords(old, {"$flagged"});
  expect_well(run(60 * 24h));
  EXPECT_EQ(count("filtered"), 1U);
  forget_changes();
  const Finished anew = run(90 * 24h);
  expect_well(anew);
  EXPECT_TRUE(contains(anew.err, "listing everything again")) << anew.err;
  EXPECT_EQ(blobs(), 0U);
  EXPECT_EQ(files(), stored);
}

TEST_F(JmapCyrusWindow, FirstRunHasNoSayOverOldMailThatComesLater) {
  write("first_run: 7d");
  import_at("recent", utc(-24h));
  run();
  import_at("found in an attic", "2001-01-01T00:00:00Z");
  expect_well(run());
  EXPECT_EQ(count("stored"), 1U);
  import_at("found in a cellar", "2000-01-01T00:00:00Z");
  forget_changes();
  expect_well(run());
  EXPECT_EQ(count("stored"), 1U);
  expect_all_stored();
}

TEST_F(JmapCyrusWindow, ChangedOptionsJudgeFilteredAndHeldMailAgain) {
  write("delay: 24h, first_run: 7d");
  import_at("old", "2020-01-01T00:00:00Z");
  import_at("older", "2010-01-01T00:00:00Z");
  import_at("recent", utc(-3 * 24h));
  import_at("young", utc(-1h));
  run();
  EXPECT_EQ(count("stored"), 1U);
  EXPECT_EQ(count("filtered"), 2U);
  EXPECT_EQ(count("held"), 1U);

  write("delay: 10m, since: 2015-01-01T00:00:00Z");
  expect_well(run());
  EXPECT_EQ(count("listed"), 0U);
  EXPECT_EQ(count("reoffered"), 3U);
  EXPECT_EQ(count("stored"), 2U);
  EXPECT_EQ(count("filtered"), 1U);

  write();
  expect_well(run());
  EXPECT_EQ(count("stored"), 1U);
  expect_all_stored();
}

}  // namespace
}  // namespace mailpipe::test
