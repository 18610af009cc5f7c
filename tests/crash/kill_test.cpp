#include "eml_sink.hpp"
#include "state/ledger.hpp"
#include "support/pipeline_run.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Kills its own process at the entry of the nth file operation, as a power switch would.
class KillingFs final : public ForwardingFs {
 public:
  KillingFs(Fs& inner, int at) : ForwardingFs(inner), at_(at) {}

  int calls() const { return calls_.load(); }

 protected:
  int before(FsCall /*call*/) noexcept override {
    if (++calls_ == at_) {
      ::raise(SIGKILL);
    }
    return 0;
  }

 private:
  std::atomic<int> calls_{0};
  const int at_;
};

/// A pipeline from an account in memory into a real .eml folder.
class EmlPipeline : public PipelineRun {
 public:
  EmlPipeline() {
    settings.batch_messages = 3;
    settings.batch_interval = std::chrono::milliseconds(5);
    make_sinks = [this](run::Runner& runner) {
      const Options options(R"({"path":")" + mail().string() + R"(","sync":"auto"})");
      return std::vector<run::SinkPart>{
          {.id = "eml",
           .sink = std::make_shared<eml::EmlSink>(options, runner.host("sink:eml")),
           .can = {.read = true, .scan = true},
           .root = mail().string()}};
    };
  }

  fs::path mail() const { return dir.path() / "mail"; }

  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    if (!fs::exists(mail())) {
      return out;
    }
    for (const auto& entry : fs::recursive_directory_iterator(mail())) {
      if (entry.is_regular_file() && entry.path().filename() != ".mailpipe-sink.json") {
        std::ifstream in(entry.path(), std::ios::binary);
        out[fs::relative(entry.path(), mail()).string()] =
            std::string(std::istreambuf_iterator<char>(in), {});
      }
    }
    return out;
  }

  /// Runs in a child that dies at file operation `at` (0: never). Returns the wait status.
  int run_in_child(int at, run::Mode mode = run::Mode::Run) {
    const pid_t child = ::fork();
    if (child == 0) {
      KillingFs killing(posix_fs, at);
      file_ops = &killing;
      ::_exit(run(mode).exit_code);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  /// I1: the ledger is never ahead of the disk.
  void expect_receipts_are_true() {
    const fs::path file = state::Ledger::file_in(dir.path() / "state");
    if (!fs::exists(file)) {
      return;
    }
    state::Ledger ledger(file, "test", state::Ledger::Open::Existing);
    const auto lying = files();
    for (const state::Row& row : ledger.rows(state::RowState::Stored, 0, 10000)) {
      for (const auto& receipt : ledger.receipts(row.id)) {
        const auto found = lying.find(receipt.location);
        ASSERT_NE(found, lying.end()) << row.item.key << " has a receipt and no file";
        EXPECT_EQ(spool::sha256(found->second), receipt.digest);
      }
    }
  }

  void expect_whole(const std::map<std::string, std::string>& undisturbed) {
    EXPECT_EQ(run().exit_code, 0);
    EXPECT_EQ(files(), undisturbed);
    EXPECT_EQ(run().counts, run::Counts{}) << "nothing may be left to do";
  }
};

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

}  // namespace
}  // namespace mailpipe::test
