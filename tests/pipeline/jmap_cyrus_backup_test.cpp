#include "pipeline/jmap_cyrus_fixture.hpp"

#include <nlohmann/json.hpp>

namespace mailpipe::test {
namespace {

class JmapCyrusBackup : public JmapCyrusRun {};

TEST_F(JmapCyrusBackup, StoresEveryMessageOnceUnderTheSeedsNames) {
  fill(300);
  const Finished result = run();
  expect_well(result);
  EXPECT_EQ(count("listed"), 300U);
  EXPECT_EQ(count("stored"), 300U);
  EXPECT_EQ(blobs(), 300U);
  expect_all_stored();
}

TEST_F(JmapCyrusBackup, FetchesNothingWhenNothingIsNew) {
  fill(50);
  run();
  const Finished again = run();
  expect_well(again);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_LE(counter("source.http_requests"), 3U);
  EXPECT_TRUE(contains(again.out, "mail: nothing new in ")) << again.out;
}

TEST_F(JmapCyrusBackup, TakesWhatIsNewAndSaysWhatElseHappened) {
  const std::string moved = import_at("moved", "2020-01-01T00:00:00Z");
  const std::string destroyed = import_at("destroyed", "2020-01-02T00:00:00Z");
  import_at("stays", "2020-01-03T00:00:00Z");
  run();
  const auto before = files();
  server().deliver(account_->user(), message("delivered"));
  import_at("old and new", "2022-11-20T00:00:00Z");
  account_->move(moved, {account_->mailbox("Archive")});
  account_->destroy(destroyed);
  const Finished result = run();
  expect_well(result);
  EXPECT_EQ(count("stored"), 2U);
  EXPECT_EQ(blobs(), 2U);
  EXPECT_EQ(count("updated"), 1U);
  EXPECT_EQ(count("gone"), 1U);
  EXPECT_TRUE(contains(result.out, "1 updated, 2 stored")) << result.out;
  EXPECT_TRUE(contains(result.out, "1 gone")) << result.out;
  auto want = expected();
  want.insert(before.begin(), before.end());  // what the server loses, the backup keeps
  EXPECT_EQ(files(), want);
}

TEST_F(JmapCyrusBackup, MissesNoMailThatArrivesWhileItLists) {
  fill(1500);
  Process running = start();
  for (int i = 0; i < 20; ++i) {  // older than all that is there: behind the page being listed
    import_at("late " + std::to_string(i), "1999-01-01T00:00:00Z");
  }
  const Finished first = running.wait();
  EXPECT_EQ(first.exit_code, 0) << first.err;
  expect_well(run());
  expect_all_stored();
}

}  // namespace
}  // namespace mailpipe::test
