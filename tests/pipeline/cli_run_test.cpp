#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// A pipeline from made-up mail to .eml files, in a folder of its own.
class CliRun : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "plugins");
    fs::copy_file(fs::path(TEST_PLUGINS) / "test-mail.so", dir_ / "plugins/test-mail.so");
    fs::permissions(dir_ / "plugins/test-mail.so", fs::perms(0644));
    write();
  }

  /// `with` are the options of the source.
  void write(const std::string& with = "count: 3") const {
    std::ofstream(file()) << "version: 1\nname: demo\nsource:\n  type: made-up\n  with: { " << with
                          << " }\nsinks:\n  - type: eml\n    with: { path: ./mail }\n";
  }

  std::string file() const { return (dir_ / "demo.yaml").string(); }

  Environment environment() const {
    return {{"XDG_STATE_HOME", (dir_ / "state").string()},
            {"MAILPIPE_PLUGIN_PATH", (dir_ / "plugins").string()},
            {"MADE_UP_TOKEN", "hunter2\"hunter2"}};
  }

  Finished run(std::vector<std::string> words = {}) const {
    words.insert(words.begin(), "run");
    words.push_back(file());
    return mailpipe(std::move(words), environment());
  }

  std::size_t stored() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(dir_ / "mail")) {
      count += entry.path().extension() == ".eml" ? 1 : 0;
    }
    return count;
  }

  static std::string text_of(const fs::path& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  nlohmann::json report() const { return nlohmann::json::parse(text_of(dir_ / "report.json")); }

  TempDir dir_;
};

TEST_F(CliRun, StoresEveryMessageAndSaysSo) {
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.rfind("demo: 3 listed, 3 stored (", 0), 0U) << result.out;
  EXPECT_EQ(stored(), 3U);
}

TEST_F(CliRun, SaysInOneLineThatNothingIsNew) {
  run();
  const Finished again = run();
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out.rfind("demo: nothing new in ", 0), 0U) << again.out;
  EXPECT_EQ(std::count(again.out.begin(), again.out.end(), '\n'), 1);
}

TEST_F(CliRun, WritesAReportForThisUserOnly) {
  const fs::path path = dir_ / "report.json";
  run({"--report", path.string()});
  EXPECT_EQ(report().at("counts").at("stored"), 3);
  EXPECT_EQ(report().at("exit_code"), 0);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0600));
}

TEST_F(CliRun, ADryRunStoresNothing) {
  const Finished result = run({"--dry-run"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.rfind("demo (dry run): 3 listed", 0), 0U) << result.out;
  EXPECT_FALSE(fs::exists(dir_ / "mail"));
}

TEST_F(CliRun, SetReplacesAValue) {
  const Finished result = run({"--set", "source.with.count=1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(stored(), 1U);
}

TEST_F(CliRun, NamesQuarantinedMessagesAndExits3) {
  write("count: 3, bad: 1");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_TRUE(contains(result.out, "quarantined: made-up:1: the server cannot read it"))
      << result.out;
  EXPECT_EQ(stored(), 2U);
}

TEST_F(CliRun, StatusListsQuarantinedMessages) {
  write("count: 3, bad: 1");
  run();
  const Finished result = mailpipe({"status", file()}, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "  2 stored\n  1 quarantined\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "made-up:1: the server cannot read it")) << result.out;
}

TEST_F(CliRun, StateShowNamesStreamsAndRuns) {
  run();
  const Finished result = mailpipe({"state", "show", file()}, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "All mail: cursor {\"done\":true}")) << result.out;
  EXPECT_TRUE(contains(result.out, "#1  ")) << result.out;
}

TEST_F(CliRun, ARefusedLoginIsExit4WithOneLineAndAHint) {
  write("fail: auth");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_TRUE(contains(result.err, "login refused\n   = help: check the token\n")) << result.err;
}

TEST_F(CliRun, ABugInAPluginIsContainedAndNamesIt) {
  write("fail: bug");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "plugin 'test.mail' 0.1: unexpected exception: a slip"))
      << result.err;
}

TEST_F(CliRun, ARefusedPluginIsExit5) {
  fs::permissions(dir_ / "plugins/test-mail.so", fs::perms(0666));
  fs::rename(dir_ / "plugins/test-mail.so", dir_ / "plugins/source-made-up.so");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_TRUE(contains(result.err, "may be written by everybody")) << result.err;
}

TEST_F(CliRun, ABrokenPluginThatIsNotUsedFailsNothing) {
  std::ofstream(dir_ / "plugins/broken.so") << "no library";
  EXPECT_EQ(run().exit_code, 0);
}

TEST_F(CliRun, AWrongPipelineIsExit2AndIsShownWithItsPlace) {
  write("cuont: 3");
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "demo.yaml:5:11: error[MP1004]")) << result.err;
  EXPECT_TRUE(contains(result.err, "did you mean 'count'?")) << result.err;
}

TEST_F(CliRun, LintFindsNothingInAGoodPipeline) {
  const Finished result = mailpipe({"lint", file()}, environment());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out + result.err, "");
}

TEST_F(CliRun, LintPrintsJson) {
  write("cuont: 3");
  const Finished result = mailpipe({"lint", "--format", "json", file()}, environment());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(nlohmann::json::parse(result.out).at("errors"), 1);
}

TEST_F(CliRun, CheckTellsOfEachPart) {
  const Finished result = mailpipe({"check", file()}, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "source made-up: ok\n")) << result.out;
  EXPECT_TRUE(contains(result.out, "sink eml (")) << result.out;
  EXPECT_FALSE(fs::exists(dir_ / "mail"));
}

TEST_F(CliRun, CheckSaysThatAFolderIsToBeTakenOverFirst) {
  fs::create_directory(dir_ / "mail");
  fs::permissions(dir_ / "mail", fs::perms(0700));
  std::ofstream(dir_ / "mail/a.eml") << "x";
  const Finished result = mailpipe({"check", file()}, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.err, "'mailpipe state rebuild' takes over")) << result.err;
}

TEST_F(CliRun, CheckRefusesTheFolderOfAnotherPipeline) {
  ASSERT_EQ(run().exit_code, 0);
  const Finished ours = mailpipe({"check", file()}, environment());
  EXPECT_EQ(ours.exit_code, 0) << ours.err;
  const Finished theirs = mailpipe({"check", "--set", "name=other", file()}, environment());
  EXPECT_EQ(theirs.exit_code, 1) << theirs.out;
  EXPECT_TRUE(contains(theirs.err, "belongs to the pipeline '")) << theirs.err;
}

TEST_F(CliRun, SchemaIsJson) {
  const Finished result = mailpipe({"schema"}, environment());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(nlohmann::json::parse(result.out).is_object());
}

TEST_F(CliRun, ASecretReachesNoOutput) {
  write("fail: auth, token: { $env: MADE_UP_TOKEN }");
  for (const char* format : {"text", "json"}) {
    const Finished result = run({"--log-level", "debug", "--log-format", format, "--report",
                                 (dir_ / "report.json").string()});
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_TRUE(contains(result.err, "[secret]")) << result.err;
    EXPECT_FALSE(contains(result.out + result.err + text_of(dir_ / "report.json"), "hunter2"));
  }
}

TEST_F(CliRun, LogsAreJsonOnRequest) {
  write("fail: auth");
  const Finished result = run({"--log-format=json"});
  std::istringstream lines(result.err);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_TRUE(nlohmann::json::parse(line).contains("level")) << line;
  }
  EXPECT_GE(count, 2U);
  EXPECT_EQ(result.out, "");
}

TEST_F(CliRun, WhatIsWrongInAFileIsJsonOnRequest) {
  std::ofstream(file(), std::ios::app) << "nmae: x\n";
  for (const char* command : {"run", "check"}) {
    const Finished result = mailpipe({command, "--log-format=json", file()}, environment());
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_EQ(nlohmann::json::parse(result.err).at("fields").at("code"), "MP1004") << result.err;
  }
}

TEST_F(CliRun, SaysBeforeItRunsThatNoReportCanBeWritten) {
  for (const fs::path& place : {dir_ / "nowhere/report.json", dir_.path()}) {
    const Finished result = run({"--report", place.string()});
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_FALSE(fs::exists(dir_ / "mail"));
  }
}

TEST_F(CliRun, AReportReplacesNoLinkAndNoDevice) {
  std::ofstream(dir_ / "report.json") << "of the last run";
  fs::create_symlink("report.json", dir_ / "link");
  run({"--report", (dir_ / "link").string()});
  EXPECT_TRUE(fs::is_symlink(dir_ / "link"));
  EXPECT_EQ(report().at("pipeline"), "demo");
  fs::create_symlink("/dev/stdout", dir_ / "stdout");
  const Finished result = run({"--report", (dir_ / "stdout").string()});
  EXPECT_TRUE(contains(result.out, "\"pipeline\": \"demo\"")) << result.out << result.err;
  EXPECT_TRUE(fs::is_symlink(dir_ / "stdout"));
}

TEST_F(CliRun, RunsWithStandardFilesClosed) {
  const Finished result =
      run_process({"/bin/sh", "-c", "exec \"$0\" run --progress=always \"$1\" <&- >&- 2>&-",
                   MAILPIPE_PROGRAM, file()},
                  environment());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(text_of(dir_ / "mail/20231114_221320_M0_message 0.eml"),
            "Subject: message 0\r\nMessage-ID: <0@example.org>\r\n\r\nHello 0\r\n");
}

TEST_F(CliRun, OutlivesItsTerminalUnderNohup) {
  write("fail: wait");
  Process running({"/usr/bin/nohup", MAILPIPE_PROGRAM, "run", file()}, environment());
  while (!fs::exists(dir_ / "state/mailpipe/demo/ledger.db")) {
    ASSERT_EQ(::kill(running.pid(), 0), 0);
    ::usleep(10'000);  // NOLINT: waits for the file, not for a time
  }
  running.signal(SIGHUP);
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait().exit_code, 143);
}

TEST_F(CliRun, SeveralPipelinesEndWithTheWorstCode) {
  const std::string wrong = (dir_ / "wrong.yaml").string();
  std::ofstream(wrong) << "version: 1\n";
  const Finished result = mailpipe({"run", wrong, file()}, environment());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(stored(), 3U) << "the second one runs all the same";
}

TEST_F(CliRun, OneStateForTwoPipelinesIsRefused) {
  const Finished result =
      mailpipe({"run", "--state", (dir_ / "s").string(), file(), file()}, environment());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--state is for one pipeline")) << result.err;
}

TEST_F(CliRun, ASignalEndsItWithItsExitCode) {
  write("fail: wait");
  Process running({MAILPIPE_PROGRAM, "run", file()}, environment());
  while (!fs::exists(dir_ / "state/mailpipe/demo/ledger.db")) {
    ASSERT_EQ(::kill(running.pid(), 0), 0);
    ::usleep(10'000);  // NOLINT: waits for the file, not for a time
  }
  running.signal(SIGTERM);
  const Finished result = running.wait();
  EXPECT_EQ(result.exit_code, 143) << result.err;
  EXPECT_TRUE(contains(result.err, "stopping")) << result.err;
}

TEST_F(CliRun, ASecondRunAtTheSameTimeIsExit75) {
  write("fail: wait");
  Process running({MAILPIPE_PROGRAM, "run", file()}, environment());
  while (!fs::exists(dir_ / "state/mailpipe/demo/ledger.db")) {
    ASSERT_EQ(::kill(running.pid(), 0), 0);
    ::usleep(10'000);  // NOLINT: waits for the file, not for a time
  }
  const Finished second = run();
  EXPECT_EQ(second.exit_code, 75) << second.err;
  running.signal(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

TEST_F(CliRun, RebuildAdoptsWhatLiesThere) {
  run();
  fs::remove_all(dir_ / "state");
  EXPECT_EQ(run().exit_code, 1) << "never a fresh first run over a marked folder";
  const Finished result = mailpipe({"state", "rebuild", file()}, environment());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(stored(), 3U);
}

}  // namespace
}  // namespace mailpipe::test
