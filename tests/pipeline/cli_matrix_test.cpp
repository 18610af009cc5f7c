// Several pipelines in one command: cells of a matrix, and several files.
#include "pipeline/cli.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

constexpr char kThree[] = R"(version: 1
name: mail
matrix:
  account:
    - { name: work, count: 12, fail: "no" }
    - { name: home, count: 5, fail: auth }
    - { name: old, count: 3, fail: "no" }
source:
  type: made-up
  with: { count: "${{ matrix.account.count }}", fail: "${{ matrix.account.fail }}" }
sinks:
  - type: eml
    with: { path: "./mail/${{ matrix.account.name }}" }
)";

class CliMatrix : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "plugins");
    fs::copy_file(fs::path(TEST_PLUGINS) / "test-mail.so", dir_ / "plugins/test-mail.so");
    fs::permissions(dir_ / "plugins/test-mail.so", fs::perms(0644));
    write(kThree);
  }

  void write(std::string text, const std::string& from = {}, const std::string& to = {}) const {
    if (!from.empty()) {
      text.replace(text.find(from), from.size(), to);
    }
    std::ofstream(file()) << text;
  }

  std::string file() const { return (dir_ / "mail.yaml").string(); }

  Environment environment() const {
    return {{"XDG_STATE_HOME", (dir_ / "state").string()},
            {"MAILPIPE_PLUGIN_PATH", (dir_ / "plugins").string()}};
  }

  /// The command with the file behind its words.
  Finished run(std::vector<std::string> words = {"run"}) const {
    words.push_back(file());
    return mailpipe(std::move(words), environment());
  }

  /// Names and octets of all files under `mail`.
  std::map<std::string, std::string> stored() const {
    std::map<std::string, std::string> out;
    if (fs::exists(dir_ / "mail")) {
      for (const auto& entry : fs::recursive_directory_iterator(dir_ / "mail")) {
        if (entry.path().extension() == ".eml") {
          out[fs::relative(entry.path(), dir_.path()).string()] = text_of(entry.path());
        }
      }
    }
    return out;
  }

  static std::string text_of(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  nlohmann::json report() const { return nlohmann::json::parse(text_of(dir_ / "report.json")); }

  TempDir dir_;
};

TEST_F(CliMatrix, OneRefusedLoginLeavesTheOthersAlone) {
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_EQ(stored().size(), 15U);
  EXPECT_TRUE(contains(result.err, "error: mail-home: source: login refused\n")) << result.err;
}

TEST_F(CliMatrix, TheTotalSaysWhichOneFailedAndWhy) {
  EXPECT_TRUE(contains(run().out,
                       "\n"
                       "           stored  known  filtered  held  failed  exit\n"
                       "mail-work      12      0         0     0       0     0\n"
                       "mail-home       0      0         0     0       0     4  login refused\n"
                       "mail-old        3      0         0     0       0     0\n"
                       "total          15      0         0     0       0     4  1 of 3 did not "
                       "end well\n"));
}

TEST_F(CliMatrix, SeveralAtATimeStoreTheSameFiles) {
  run();
  const auto one_by_one = stored();
  fs::remove_all(dir_ / "mail");
  fs::remove_all(dir_ / "state");
  EXPECT_EQ(run({"run", "--jobs", "3"}).exit_code, 4);
  EXPECT_EQ(stored(), one_by_one);
}

TEST_F(CliMatrix, EachHasALedgerOfItsOwn) {
  run();
  for (const char* name : {"mail-work", "mail-home", "mail-old"}) {
    EXPECT_TRUE(fs::exists(dir_ / "state/mailpipe" / name / "ledger.db")) << name;
  }
}

TEST_F(CliMatrix, ReportsAreListedWithTheirTotal) {
  run({"run", "--jobs", "2", "--report", (dir_ / "report.json").string()});
  const nlohmann::json all = report();
  EXPECT_EQ(all.at("exit_code"), 4);
  EXPECT_EQ(all.at("total").at("runs"), 3);
  EXPECT_EQ(all.at("total").at("failed_runs"), 1);
  EXPECT_EQ(all.at("total").at("counts").at("stored"), 15);
  ASSERT_EQ(all.at("reports").size(), 3U);
  EXPECT_EQ(all.at("reports").at(1).at("pipeline"), "mail-home");
  EXPECT_EQ(all.at("reports").at(1).at("exit_code"), 4);
}

TEST_F(CliMatrix, ASelectedOneRunsAloneAndReportsAlone) {
  const Finished result =
      run({"run", "--select", "account=old", "--report", (dir_ / "report.json").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(stored().size(), 3U);
  EXPECT_EQ(result.out.rfind("mail-old: 3 listed, 3 stored", 0), 0U) << result.out;
  EXPECT_FALSE(contains(result.out, "total"));
  EXPECT_EQ(report().at("pipeline"), "mail-old");
}

TEST_F(CliMatrix, ASelectionThatChoosesNothingRunsNothing) {
  const Finished result = run({"run", "--select", "account=wrk"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "has no value 'wrk'")) << result.err;
  EXPECT_TRUE(contains(result.err, "there are: 'work', 'home' or 'old'")) << result.err;
  EXPECT_TRUE(stored().empty());
}

TEST_F(CliMatrix, ASelectionNeedsAnAxisAndAValue) {
  const Finished result = run({"run", "--select", "work"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--select expects AXIS=VALUE, got 'work'")) << result.err;
}

TEST_F(CliMatrix, AMistakeInOneLeavesTheOthersAlone) {
  write(kThree, "count: 5", "count: five");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(stored().size(), 15U);
  EXPECT_TRUE(contains(result.out, "     2  'count' expects")) << result.out;
}

TEST_F(CliMatrix, ADryRunStoresNothing) {
  run({"run", "--dry-run", "--jobs", "2"});
  EXPECT_FALSE(fs::exists(dir_ / "mail"));
  EXPECT_FALSE(fs::exists(dir_ / "state"));
}

TEST_F(CliMatrix, StateFolderOfTheCommandLineIsForOneOnly) {
  const std::string state = (dir_ / "s").string();
  EXPECT_EQ(run({"run", "--state", state}).exit_code, 2);
  EXPECT_EQ(run({"run", "--state", state, "--select", "account=old"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(dir_ / "s/ledger.db"));
}

TEST_F(CliMatrix, JobsIsANumberOfAtLeastOne) {
  for (const char* wrong : {"0", "-1", "many", "65", "2x"}) {
    EXPECT_EQ(run({"run", "--jobs", wrong}).exit_code, 2) << wrong;
  }
}

TEST_F(CliMatrix, ASignalDrainsAllThatRunAndBeginsNoMore) {
  write(kThree, "fail: \"no\"", "fail: wait");
  Process process({MAILPIPE_PROGRAM, "run", "--select", "account=work,old", "--set",
                   "matrix.account.old.fail=wait", "--set", "matrix.account.home.fail=wait",
                   "--jobs", "2", "--report", (dir_ / "report.json").string(), file()},
                  environment());
  ASSERT_TRUE(process.wait_for_error_line("mail-work: source made-up: waiting"));
  ASSERT_TRUE(process.wait_for_error_line("mail-old: source made-up: waiting"));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().exit_code, 130);
  const nlohmann::json told = report();
  for (const auto& one : told.at("reports")) {
    EXPECT_EQ(one.at("exit_code"), 130) << one;
  }
}

TEST_F(CliMatrix, ASignalKeepsTheRestFromBeginning) {
  write(kThree, "fail: \"no\"", "fail: wait");
  Process process({MAILPIPE_PROGRAM, "run", file()}, environment());
  ASSERT_TRUE(process.wait_for_error_line("mail-work: source made-up: waiting"));
  process.signal(SIGTERM);
  const Finished result = process.wait();
  EXPECT_EQ(result.exit_code, 143);
  EXPECT_TRUE(contains(result.out, "143  not begun: a signal came before")) << result.out;
  EXPECT_TRUE(stored().empty());
}

TEST_F(CliMatrix, LogLinesInJsonNameThePipeline) {
  const Finished result = run({"run", "--log-format", "json"});
  std::istringstream lines(result.err);
  std::string line;
  bool found = false;
  while (std::getline(lines, line)) {
    const auto json = nlohmann::json::parse(line);
    found = found || (json.at("message") == "login refused" &&
                      json.at("fields").at("pipeline") == "mail-home");
  }
  EXPECT_TRUE(found) << result.err;
}

TEST_F(CliMatrix, StatusTellsOfEach) {
  run();
  const Finished result = run({"status"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "mail-work: ")) << result.out;
  EXPECT_TRUE(contains(result.out, "  12 stored\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "mail-old: ")) << result.out;
  const Finished one = run({"status", "--format", "json", "--select", "account=old"});
  EXPECT_EQ(nlohmann::json::parse(one.out).at("pipeline"), "mail-old");
  const Finished all = run({"status", "--format", "json"});
  EXPECT_EQ(nlohmann::json::parse(all.out).at("pipelines").size(), 3U);
}

TEST_F(CliMatrix, StateNeedsOneToBeChosen) {
  run();
  const Finished result = run({"state", "show"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "has 3 pipelines")) << result.err;
  const Finished one =
      mailpipe({"state", "show", file(), "--select", "account=old"}, environment());
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_TRUE(contains(one.out, "pipeline: mail-old\n")) << one.out;
}

TEST_F(CliMatrix, InquiriesAreOfTheSelectedOne) {
  run();
  const auto ask = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--select", "account=old"});
    return mailpipe(std::move(words), environment());
  };
  EXPECT_EQ(run({"verify"}).exit_code, 2);
  const Finished verified = ask({"verify", "--server", file()});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_TRUE(contains(verified.out, "mail-old: sink eml: 3 copies")) << verified.out;
  for (const auto& entry : fs::directory_iterator(dir_ / "mail/old")) {
    if (entry.path().extension() == ".eml") {
      std::ofstream(entry.path(), std::ios::app) << "x";
    }
  }
  EXPECT_EQ(ask({"verify", file()}).exit_code, 1);
  EXPECT_EQ(ask({"verify", "--repair", file()}).exit_code, 0);
  EXPECT_EQ(ask({"verify", file()}).exit_code, 0);
  EXPECT_EQ(mailpipe({"verify", file(), "--select", "account=work"}, environment()).exit_code, 0)
      << "the others are as they were";
  EXPECT_EQ(ask({"quarantine", "ls", file()}).exit_code, 0);
  const Finished why = ask({"why", file(), "nobody@example.org", "--format", "json"});
  EXPECT_EQ(nlohmann::json::parse(why.out).at("pipeline"), "mail-old") << why.out << why.err;
}

TEST_F(CliMatrix, CheckLooksAtEach) {
  const Finished result = run({"check"});
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_TRUE(contains(result.out, "mail-work: source made-up: ok\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "mail-old: source made-up: ok\n")) << result.out;
  EXPECT_TRUE(contains(result.err, "error: mail-home: source made-up: login refused"))
      << result.err;
}

/// Two files.
class CliFiles : public CliMatrix {
 protected:
  void SetUp() override {
    CliMatrix::SetUp();
    write_file("a", "3", "a");
    write_file("b", "4", "b");
  }

  void write_file(const std::string& name, const std::string& count,
                  const std::string& path) const {
    std::ofstream(dir_ / (name + ".yaml"))
        << "version: 1\nname: " << name << "\nsource: { type: made-up, with: { count: " << count
        << " } }\nsinks: [{ type: eml, with: { path: ./mail/" << path << " } }]\n";
  }

  Finished run_both(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), "run");
    words.push_back((dir_ / "a.yaml").string());
    words.push_back((dir_ / "b.yaml").string());
    return mailpipe(std::move(words), environment());
  }
};

TEST_F(CliFiles, RunAndAddUp) {
  const Finished result = run_both({"--jobs", "2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(stored().size(), 7U);
  EXPECT_TRUE(contains(result.out, "all 2 went well")) << result.out;
}

TEST_F(CliFiles, OneThatIsMissingLeavesTheOtherAlone) {
  fs::remove(dir_ / "a.yaml");
  const Finished result = run_both();
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(stored().size(), 4U);
}

TEST_F(CliFiles, OneWithABrokenPluginLeavesTheOtherAlone) {
  write_file("a", "3, fail: bug", "a");
  const Finished result = run_both();
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(stored().size(), 4U);
}

TEST_F(CliFiles, TwoThatWriteToOneFolderAreNotBothRun) {
  write_file("b", "4", "a");
  const Finished result = run_both({"--jobs", "2"});
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_TRUE(contains(result.err, "error: b: 'a' already keeps a sink in '")) << result.err;
  EXPECT_EQ(stored().size(), 3U);
}

TEST_F(CliFiles, TwoOfOneNameAreNotBothRun) {
  write_file("b", "4", "b");
  std::string text = text_of(dir_ / "b.yaml");
  text.replace(text.find("name: b"), 7, "name: a");
  std::ofstream(dir_ / "b.yaml") << text;
  const Finished result = run_both();
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_TRUE(contains(result.err, "already keeps its ledger in '")) << result.err;
  EXPECT_EQ(stored().size(), 3U);
}

}  // namespace
}  // namespace mailpipe::test
