#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// `mailpipe plugin check` of a copy that only we may write to, in a folder for temporary ones.
class PluginCheck : public testing::Test {
 protected:
  Finished check(const fs::path& plugin, std::vector<std::string> more = {}) const {
    const fs::path copy = dir / plugin.filename().string();
    fs::copy_file(plugin, copy);
    fs::permissions(copy, fs::perms(0644));
    std::vector<std::string> words{"plugin", "check", copy.string()};
    words.insert(words.end(), more.begin(), more.end());
    return mailpipe(std::move(words), {{"MAILPIPE_TEST_DIR", dir.path().string()}});
  }

  Finished check_careless(const std::string& what, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--with", "careless={\"do\":\"" + what + "\"}"});
    return check(fs::path(TEST_PLUGINS) / "test-careless.so", std::move(more));
  }

  TempDir dir;
};

TEST_F(PluginCheck, AnOptionThatOnlyTheUserKnowsIsAskedFor) {
  const Finished result =
      check(fs::path(MAILPIPE_PROGRAM).parent_path() / "../lib/mailpipe/plugins/source-imap.so");
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_TRUE(contains(result.out, "source 'imap' needs the option 'host'")) << result.out;
  EXPECT_TRUE(contains(result.out, "--with imap=")) << result.out;
  EXPECT_TRUE(contains(result.out, " 0 failed, 1 not tried")) << result.out;
}

TEST_F(PluginCheck, PassesAGoodSink) {
  const Finished result =
      check(fs::path(MAILPIPE_PROGRAM).parent_path() / "../lib/mailpipe/plugins/sink-eml.so");
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_TRUE(contains(result.out, "ok    sink eml: recovers when killed at any call"))
      << result.out;
  EXPECT_TRUE(contains(result.out, " 0 failed, 2 not tried")) << result.out;
}

TEST_F(PluginCheck, LeavesNothingBehind) {
  check(fs::path(MAILPIPE_PROGRAM).parent_path() / "../lib/mailpipe/plugins/sink-eml.so");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
}

TEST_F(PluginCheck, NamesWhatAPluginBreaks) {
  const Finished result = check(fs::path(TEST_PLUGINS) / "test-mail.so");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "FAIL  source made-up: tells what is not there")) << result.out;
  EXPECT_TRUE(contains(result.out, "ok    source made-up: stops listing when told")) << result.out;
}

TEST_F(PluginCheck, PassesOnWhatTheBoundaryRefuses) {
  const Finished result = check_careless("unknown-status");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "'judge' returned the unknown status -1234")) << result.out;
}

TEST_F(PluginCheck, SurvivesACrashOfThePlugin) {
  const Finished result = check_careless("crash");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "the plugin crashed: Aborted")) << result.out;
  EXPECT_TRUE(contains(result.out, "ok    filter careless: asks for metadata headers or body"))
      << result.out;
}

TEST_F(PluginCheck, EndsATrialThatDoesNotEnd) {
  const Finished result = check_careless("sleep-for-ever", {"--timeout", "1"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "did not end within 1 s")) << result.out;
}

TEST_F(PluginCheck, SaysWhyAFileIsNoPlugin) {
  std::ofstream(dir / "text.so") << "no library";
  const Finished result = mailpipe({"plugin", "check", (dir / "text.so").string()});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "FAIL  file: ")) << result.out;
}

TEST_F(PluginCheck, SaysWhatIsWrongWithOptions) {
  const Finished result =
      check(fs::path(TEST_PLUGINS) / "test-mail.so", {"--with", "made-up={\"cuont\":1}"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.out, "unknown option 'cuont'")) << result.out;
}

TEST_F(PluginCheck, RefusesOptionsOfAnUnknownType) {
  const Finished result = check(fs::path(TEST_PLUGINS) / "test-mail.so", {"--with", "other={}"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "no component of the type 'other'")) << result.err;
}

}  // namespace
}  // namespace mailpipe::test
