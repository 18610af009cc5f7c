// `state rebuild`, killed in the middle.
#include "crash/eml_pipeline.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace mailpipe::test {
namespace {

// A rebuild that died is begun again; or a plain run either goes on with it or refuses to start over what lies there.
TEST(Kill, InTheMiddleOfARebuildNeverMakesARunFetchWhatLiesThere) {
  bool finished = false;
  for (int at = 1; !finished && at < 500; at += 3) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    EmlPipeline pipeline;
    pipeline.account.add_many(4);
    ASSERT_EQ(pipeline.run().exit_code, 0);
    const auto undisturbed = pipeline.files();
    fs::remove_all(pipeline.dir.path() / "state");
    finished = WIFEXITED(pipeline.run_in_child(at, run::Mode::Rebuild));
    pipeline.script.fetches = 0;
    const int plain = pipeline.run().exit_code;
    EXPECT_TRUE(plain == 0 || plain == 1) << plain;
    if (plain != 0) {
      EXPECT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 0);
    }
    EXPECT_EQ(pipeline.script.fetches, 0);
    pipeline.expect_whole(undisturbed);
  }
  EXPECT_TRUE(finished);
}

/// Which ledger it is, and the keys that it calls stored.
std::vector<std::string> told_by(const fs::path& file,
                                 state::Ledger::Open how = state::Ledger::Open::Existing) {
  state::Ledger ledger(file, "test", how);
  std::vector<std::string> out = {ledger.id()};
  for (const state::Row& row : ledger.rows(state::RowState::Stored, 0, 10000)) {
    out.push_back(row.item.key);
  }
  return out;
}

/// A run that ended, and one that was killed: what that one committed lies in SQLite's log.
void run_and_die(EmlPipeline& pipeline) {
  pipeline.account.add_many(4);
  ASSERT_EQ(pipeline.run().exit_code, 0);
  pipeline.account.add_many(12, "more");
  pipeline.script.on_fetch = [&](const std::string& id) {
    if (id != "more11") {
      return;
    }
    while (told_by(pipeline.state_dir / "ledger.db", state::Ledger::Open::Look).size() <= 1 + 4) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ::raise(SIGKILL);
  };
  ASSERT_TRUE(WIFSIGNALED(pipeline.run_in_child(0)));
  pipeline.script.on_fetch = nullptr;
  ASSERT_GT(fs::file_size(pipeline.state_dir / "ledger.db-wal"), 0U);
}

/// What each ledger that was put aside tells.
std::vector<std::vector<std::string>> put_aside(const fs::path& state_dir) {
  std::vector<std::vector<std::string>> out;
  std::vector<fs::path> ledgers;
  for (const auto& entry : fs::directory_iterator(state_dir)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("ledger.db.before-rebuild") && !name.ends_with("-wal")) {
      ledgers.push_back(entry.path());
    }
  }
  for (const fs::path& ledger : ledgers) {
    out.push_back(told_by(ledger));
  }
  return out;
}

TEST(Kill, InTheMiddleOfARebuildLeavesTheLedgerThatWasThere) {
  bool finished = false;
  for (int at = 1; !finished && at < 500; at += at < 24 ? 1 : 9) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    EmlPipeline pipeline;
    run_and_die(pipeline);
    ASSERT_FALSE(testing::Test::HasFatalFailure());
    fs::copy(pipeline.state_dir, pipeline.dir.path() / "copy", fs::copy_options::recursive);
    const auto known = told_by(pipeline.dir.path() / "copy" / "ledger.db");
    ASSERT_GT(known.size(), 1 + 4U) << "nothing of the killed run is in the log";

    finished = WIFEXITED(pipeline.run_in_child(at, run::Mode::Rebuild));
    ASSERT_EQ(pipeline.run(run::Mode::Rebuild).exit_code, 0);
    const auto kept = put_aside(pipeline.state_dir);
    EXPECT_EQ(std::count(kept.begin(), kept.end(), known), 1);
    pipeline.expect_whole(pipeline.files());
    EXPECT_EQ(pipeline.files().size(), 16U);
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace mailpipe::test
