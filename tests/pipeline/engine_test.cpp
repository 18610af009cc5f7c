#include "support/pipeline_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>

namespace mailpipe::test {
namespace {

using run::Counts;
using run::Mode;
using run::RunReport;

TEST(Engine, StoresEveryMessageOnceAndAddsUp) {
  PipelineRun pipeline;
  pipeline.account.add_many(1234);
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 1234, .stored = 1234}));
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
  EXPECT_EQ(pipeline.script.fetches, 1234);
}

TEST(Engine, FetchesNothingWhenNothingIsNew) {
  PipelineRun pipeline;
  pipeline.account.add_many(50);
  pipeline.run();
  pipeline.script.fetches = 0;
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.counts, Counts{});
  EXPECT_EQ(pipeline.script.fetches, 0);
  EXPECT_EQ(report.exit_code, 0);
}

TEST(Engine, TakesWhatIsNewAndFollowsWhatChanged) {
  PipelineRun pipeline;
  pipeline.account.add_many(20);
  pipeline.run();
  pipeline.account.add("new");
  pipeline.account.change("m3", [](auto& m) { m.mailboxes = {"archive"}; });
  pipeline.account.remove("m5");
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.counts,
            (Counts{.listed = 2, .removed = 1, .updated = 1, .stored = 1, .gone = 1}));
  EXPECT_EQ(pipeline.disk().published.size(), 21U) << "a backup keeps what the server removed";
}

TEST(Engine, StagesBeforeItSyncsAndSyncsBeforeItPublishes) {
  PipelineRun pipeline;
  pipeline.account.add("a");
  pipeline.run();
  const std::vector<std::string> expected = {
      "open", "sweep", "store test:account:a", "sync data", "publish test:account:a", "sync names"};
  EXPECT_EQ(pipeline.disk().calls, expected);
}

TEST(Engine, SyncsOnceABatch) {
  PipelineRun pipeline;
  pipeline.settings.batch_messages = 100;
  pipeline.settings.batch_interval = std::chrono::seconds(60);
  pipeline.account.add_many(1000);
  pipeline.run();
  const auto syncs =
      std::count(pipeline.disk().calls.begin(), pipeline.disk().calls.end(), "sync data");
  EXPECT_LE(syncs, 20);
  EXPECT_GE(syncs, 1);
}

TEST(Engine, CommitsWhatIsInFlightAtTheFirstSignal) {
  PipelineRun pipeline;
  pipeline.account.add_many(500);
  pipeline.script.on_fetch = [&](const std::string& id) {
    if (id == "m100") {
      pipeline.cancellation->raise_from_signal(SIGINT);
    }
  };
  RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 130);
  EXPECT_TRUE(report.counts.adds_up());
  EXPECT_EQ(pipeline.disk().published.size(), report.counts.stored);
  EXPECT_GT(report.counts.stored, 0U);
  const std::uint64_t stored = report.counts.stored;
  pipeline.script.on_fetch = nullptr;
  pipeline.script.fetches = 0;
  report = pipeline.run();
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
  EXPECT_EQ(static_cast<std::uint64_t>(pipeline.script.fetches), 500 - stored);
}

TEST(Engine, StopsWhenARequiredSinkFailsAndCompletesNextTime) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.disk().before = [](const std::string& call) {
    if (call == "sync data") {
      throw Error(ErrorClass::NoSpace, "no space left");
    }
  };
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 6);
  EXPECT_TRUE(report.counts.adds_up());
  EXPECT_EQ(report.counts.stored, 0U);
  pipeline.disk().before = nullptr;
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
}

TEST(Engine, TrustsNothingOfABatchWhoseNamesWereNotSynced) {
  PipelineRun pipeline;
  pipeline.settings.batch_interval = std::chrono::hours(1);  // all ten in one batch
  pipeline.account.add_many(10);
  pipeline.disk().before = [](const std::string& call) {
    if (call == "sync names") {
      throw Error(ErrorClass::Permanent, "input/output error");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 1);
  pipeline.disk().before = nullptr;
  pipeline.disk().calls.clear();
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(std::count_if(pipeline.disk().calls.begin(), pipeline.disk().calls.end(),
                          [](const std::string& call) { return call.starts_with("recover"); }),
            10);
  EXPECT_EQ(pipeline.disk().published, pipeline.expected_files());
}

TEST(Engine, GoesOnWithoutABestEffortSinkAndFillsItLater) {
  PipelineRun pipeline;
  pipeline.sinks.push_back({"spare", std::make_shared<Disk>(), false});
  pipeline.account.add_many(10);
  pipeline.disk(1).before = [](const std::string& call) {
    if (call.starts_with("store")) {
      throw Error(ErrorClass::NoSpace, "no space left");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.disk(0).published.size(), 10U);
  EXPECT_EQ(pipeline.disk(1).published.size(), 0U);
  pipeline.disk(1).before = nullptr;
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.counts, Counts{}) << "a catch-up is counted under its sink";
  EXPECT_EQ(report.sinks.at(1).caught_up, 10U);
  EXPECT_EQ(pipeline.disk(1).published, pipeline.expected_files());
}

TEST(Engine, FillsABestEffortSinkThatTheFirstRunCouldNotOpen) {
  PipelineRun pipeline;
  pipeline.sinks.push_back({"spare", std::make_shared<Disk>(), false});
  pipeline.account.add_many(10);
  pipeline.disk(1).before = [](const std::string& call) {
    if (call == "open") {
      throw Error(ErrorClass::Permanent, "not mounted");
    }
  };
  EXPECT_EQ(pipeline.run().sinks.at(1).error, "not mounted");
  pipeline.disk(1).before = nullptr;
  EXPECT_EQ(pipeline.run().sinks.at(1).error, "");
  EXPECT_EQ(pipeline.disk(1).published, pipeline.expected_files());
}

TEST(Engine, FillsASinkThatWasAddedLater) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  pipeline.sinks.push_back({"second", std::make_shared<Disk>(), true});
  EXPECT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.disk(1).published, pipeline.expected_files());
  EXPECT_EQ(pipeline.disk(0).published.size(), 10U);
}

TEST(Engine, CountsWhatASingleSinkLackedUnderThatSinkOnly) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  pipeline.sinks.push_back({"second", std::make_shared<Disk>(), true});
  pipeline.script.lose_cursor = true;
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.counts, (Counts{.listed = 10, .known = 10}));
  EXPECT_EQ(report.sinks.at(1).caught_up, 10U);
}

TEST(Engine, NeverStartsOverAFilledSinkWithoutItsLedger) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  std::filesystem::remove_all(pipeline.dir.path() / "state");
  for (int i = 0; i < 2; ++i) {  // the refusal leaves nothing that would let the next run through
    const RunReport report = pipeline.run();
    EXPECT_EQ(report.exit_code, 1);
    ASSERT_EQ(report.errors.size(), 1U);
    EXPECT_NE(report.errors[0].hint.find("state rebuild"), std::string::npos);
  }
}

TEST(Engine, RebuildsTheLedgerFromTheSinkWithoutFetching) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  const auto before = pipeline.disk().published;
  std::filesystem::remove_all(pipeline.dir.path() / "state");
  pipeline.script.fetches = 0;
  RunReport report = pipeline.run(Mode::Rebuild);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 10, .known = 10}));
  EXPECT_EQ(report.sinks.at(0).adopted, 10U);
  EXPECT_EQ(pipeline.script.fetches, 0);
  EXPECT_EQ(pipeline.disk().published, before);
  EXPECT_EQ(pipeline.run().counts, Counts{});
}

TEST(Engine, RefusesAnEmptyFolderWhereABackupShouldBe) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  pipeline.run();
  pipeline.sinks[0].disk = std::make_shared<Disk>();  // its disk is not mounted
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 1);
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_NE(report.errors[0].hint.find("mounted"), std::string::npos);
}

TEST(Engine, WhatComesAfterItsSinkFailedIsNotTakenForFiltered) {
  PipelineRun pipeline;
  pipeline.account.add_many(20);
  pipeline.disk().before = [](const std::string& call) {
    if (call.rfind("store", 0) == 0) {
      throw Error(ErrorClass::NoSpace, "full");
    }
  };
  const RunReport failed = pipeline.run();
  EXPECT_EQ(failed.exit_code, 6);
  EXPECT_EQ(failed.counts.filtered, 0U);
  pipeline.disk().before = nullptr;
  EXPECT_EQ(pipeline.run().counts.stored, 20U);
}

TEST(Engine, DryRunTouchesNothing) {
  PipelineRun pipeline;
  pipeline.account.add_many(10);
  const RunReport report = pipeline.run(Mode::DryRun);
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.listed = 10, .stored = 10}));
  EXPECT_EQ(pipeline.script.fetches, 0);
  EXPECT_TRUE(pipeline.disk().calls.empty());
  EXPECT_FALSE(std::filesystem::exists(pipeline.dir.path() / "state"));
  EXPECT_EQ(pipeline.run().counts.stored, 10U);
}

TEST(Engine, StoresWhatIsRemovedWhileItIsOnItsWay) {
  PipelineRun pipeline;
  pipeline.account.add_many(3);
  pipeline.run();
  pipeline.account.add("brief");
  pipeline.script.on_fetch = [&](const std::string& id) {
    if (id == "brief") {
      throw Error(ErrorClass::Item, "later");
    }
  };
  EXPECT_EQ(pipeline.run().exit_code, 3);
  pipeline.script.on_fetch = nullptr;
  pipeline.account.remove("brief");
  const RunReport report = pipeline.run();
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.counts, (Counts{.removed = 1, .gone = 1}));
  EXPECT_EQ(report.items.at(0).key, "test:account:brief");
}

}  // namespace
}  // namespace mailpipe::test
