// A source that fails, for a while or for good, and what the engine makes of it.
#include "support/pipeline_run.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace mailpipe::test {
namespace {

using run::Counts;
using run::RunReport;

TEST(Engine, GoesOnWithWhatWasListedWhenAPartCouldNotBe) {
  PipelineRun pipeline;
  pipeline.account.add_many(500);
  pipeline.script.after_list = [] {
    throw Error(ErrorClass::Permanent, "one mailbox cannot be opened");
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(report.counts, (Counts{.listed = 500, .stored = 500}));
  EXPECT_EQ(report.errors.at(0).what, "one mailbox cannot be opened");
}

TEST(Engine, FetchesAgainWhatWasCutOffAndQuarantinesWhatNeverComes) {
  PipelineRun pipeline;
  pipeline.account.add_many(5);
  pipeline.script.on_fetch = [](const std::string& id) {
    if (id == "m2") {
      throw Error(ErrorClass::Item, "the body is shorter than announced");
    }
  };
  RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.counts, (Counts{.listed = 5, .stored = 4, .quarantined = 1}));
  ASSERT_EQ(report.items.size(), 1U);
  EXPECT_EQ(report.items[0].reason, "the body is shorter than announced");
  EXPECT_EQ(pipeline.script.fetches, 4 + 3);

  report = pipeline.run();
  EXPECT_EQ(report.exit_code, 3) << "still quarantined";
  EXPECT_EQ(report.counts, (Counts{.reoffered = 1, .quarantined = 1}));

  pipeline.script.on_fetch = nullptr;
  report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.reoffered = 1, .stored = 1}));
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
}

TEST(Engine, StopsWhenTooManyMessagesFail) {
  PipelineRun pipeline;
  pipeline.settings.quarantine_max = 3;
  pipeline.account.add_many(50);
  pipeline.script.on_fetch = [](const std::string&) { throw Error(ErrorClass::Item, "broken"); };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_TRUE(report.counts.adds_up());
  EXPECT_LT(report.counts.quarantined, 50U);
}

TEST(Engine, CallsAMessageGoneWhenTheServerConfirmsIt) {
  PipelineRun pipeline;
  pipeline.account.add_many(3);
  pipeline.script.vanished = {"m1"};
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 3, .stored = 2, .gone = 1}));
  ASSERT_EQ(report.items.size(), 1U);
  EXPECT_EQ(report.items[0].key, "test:account:m1");
}

TEST(Engine, OutlastsAServerThatIsDownForAWhile) {
  PipelineRun pipeline;
  pipeline.account.add_many(30);
  int failures = 5;
  pipeline.script.on_fetch = [&](const std::string&) {
    if (failures > 0) {
      --failures;
      throw Error(ErrorClass::Transient, "connection reset");
    }
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts.stored, 30U);
}

TEST(Engine, GivesUpOnAServerThatStaysDownAndLosesNothing) {
  PipelineRun pipeline;
  pipeline.settings.retry_budget = std::chrono::seconds(0);
  pipeline.account.add_many(30);
  pipeline.script.on_fetch = [](const std::string& id) {
    if (id > "m2") {
      throw Error(ErrorClass::Transient, "connection refused");
    }
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 75);
  EXPECT_TRUE(report.counts.adds_up());
  EXPECT_GT(report.counts.failed, 0U);
  pipeline.script.on_fetch = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
}

TEST(Engine, ListsAgainAfterALostConnection) {
  PipelineRun pipeline;
  pipeline.account.add_many(30);
  int failures = 2;
  pipeline.script.on_list = [&](const std::string& id) {
    if (id == "m7" && failures-- > 0) {
      throw Error(ErrorClass::Transient, "connection reset");
    }
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 30, .stored = 30}))
      << "a key counts once, however often it is listed";
}

TEST(Engine, DoesNotMoveTheCursorPastWhatFailed) {
  PipelineRun pipeline;
  pipeline.account.add_many(3);
  pipeline.run();
  pipeline.account.add_many(3, "n");
  pipeline.settings.retry_budget = std::chrono::seconds(0);
  pipeline.script.on_fetch = [](const std::string& id) {
    if (id == "n1") {
      throw Error(ErrorClass::Transient, "connection reset");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 75);
  pipeline.script.on_fetch = nullptr;
  pipeline.run();
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
}

TEST(Engine, ListsEverythingWhenTheCursorIsLost) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  pipeline.account.remove("m4");
  pipeline.account.add("late");
  pipeline.script.lose_cursor = true;
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts,
            (Counts{.listed = 10, .removed = 1, .known = 9, .stored = 1, .gone = 1}));
}

TEST(Engine, StopsAtOnceWhenTheServerRefusesUs) {
  PipelineRun pipeline;
  pipeline.account.add_many(3);
  pipeline.script.on_list = [](const std::string&) {
    throw Error(ErrorClass::Auth, "wrong token", "make a new one");
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 4);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].hint, "make a new one");
  EXPECT_EQ(pipeline.script.lists, 1);
}

TEST(Engine, ContainsAnExceptionOfTheSource) {
  PipelineRun pipeline;
  pipeline.account.add_many(3);
  pipeline.script.on_list = [](const std::string&) { throw std::runtime_error("bug"); };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 1);
  EXPECT_EQ(pipeline.disk().published.size(), 0U);
}

TEST(Engine, EndsWhenTheSourceForgetsAMessageAndTheNextRunHasIt) {
  PipelineRun pipeline;
  pipeline.account.add_many(9);
  pipeline.script.forgotten = {"m5"};
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 1);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_NE(report.errors[0].what.find("has not answered 1 that it took"), std::string::npos);
  EXPECT_TRUE(report.counts.adds_up());
  EXPECT_GE(report.counts.failed, 1U) << "and what was on its way when the run ended";
  pipeline.script.forgotten.clear();
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.disk().published.size(), 9U);
}

TEST(Engine, ASourceThatAlwaysFailsAtTheSamePlaceUsesUpItsBudget) {
  PipelineRun pipeline;
  pipeline.settings.retry_budget = std::chrono::seconds(1);
  pipeline.account.add_many(6);
  const std::string last = pipeline.account.messages.rbegin()->first;
  pipeline.script.on_list = [last](const std::string& id) {
    if (id == last) {
      throw Error(ErrorClass::Transient, "cannot go on");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 75);
  pipeline.script.on_list = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
}

TEST(Engine, ASourceThatIsAwayForLongQuarantinesNothing) {
  PipelineRun pipeline;
  pipeline.settings.retry_budget = std::chrono::minutes(1);
  pipeline.account.add_many(6);
  int failures = 0;
  pipeline.script.after_take = [&] {
    if (++failures <= 20) {
      throw Error(ErrorClass::Transient, "cannot connect");
    }
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 6, .stored = 6}));
}

}  // namespace
}  // namespace mailpipe::test
