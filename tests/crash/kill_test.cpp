#include "crash/eml_pipeline.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace mailpipe::test {
namespace {

void fill(Account& account) {
  account.add_many(7);
  account.add("large", {.body = "Subject: large\r\n\r\n" + std::string(2'000'000, 'x')});
}

TEST(Kill, AtEveryFileOperationLosesAndDoublesNothing) {
  EmlPipeline reference;
  fill(reference.account);
  ASSERT_EQ(reference.run().exit_code, 0);
  const auto undisturbed = reference.files();
  ASSERT_EQ(undisturbed.size(), 8U);

  int killed = 0;
  bool finished = false;
  for (int at = 1; !finished && at < 1000; ++at) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    EmlPipeline pipeline;
    fill(pipeline.account);
    const int status = pipeline.run_in_child(at);
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      finished = true;
      continue;
    }
    ++killed;
    pipeline.expect_receipts_are_true();
    pipeline.expect_whole(undisturbed);
    if (HasFailure()) {
      return;
    }
  }
  EXPECT_TRUE(finished) << "not every place was tried";
  EXPECT_GT(killed, 30) << "too few places to die at: is the seam still in use?";
}

TEST(Kill, FiftyTimesAtRandomThenOneQuietRun) {
  EmlPipeline reference;
  fill(reference.account);
  reference.account.add_many(200, "more");
  ASSERT_EQ(reference.run().exit_code, 0);

  EmlPipeline pipeline;
  fill(pipeline.account);
  pipeline.account.add_many(200, "more");
  std::minstd_rand random(20261122);
  int killed = 0;
  for (int i = 0; i < 50; ++i) {
    killed += WIFSIGNALED(pipeline.run_in_child(std::uniform_int_distribution<int>(5, 120)(random)))
                  ? 1
                  : 0;
    pipeline.expect_receipts_are_true();
  }
  EXPECT_GT(killed, 5);
  pipeline.expect_whole(reference.files());
}

}  // namespace
}  // namespace mailpipe::test
