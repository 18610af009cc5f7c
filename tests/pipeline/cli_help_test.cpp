#include "pipeline/cli.hpp"

#include <gtest/gtest.h>

namespace mailpipe::test {
namespace {

TEST(Cli, HelpNamesCommandsExamplesAndExitCodes) {
  const Finished result = mailpipe({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* part : {"Usage:", "plugins", "inspect", "Examples:", "Exit codes:"}) {
    EXPECT_TRUE(contains(result.out, part)) << part;
  }
  EXPECT_EQ(result.err, "");
}

TEST(Cli, WithoutWordsItPrintsHelpOnStandardErrorAndFails) {
  const Finished result = mailpipe({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.err, "Usage:"));
}

TEST(Cli, VersionNamesTheAbi) {
  const Finished result = mailpipe({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.rfind("mailpipe 0.", 0), 0U);
  EXPECT_TRUE(contains(result.out, "plugin ABI"));
}

TEST(Cli, HelpOfACommandListsItsOptions) {
  const Finished result = mailpipe({"plugins", "--help"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "--plugin-dir DIR"));
}

TEST(Cli, AMisspeltCommandIsToldApart) {
  const Finished result = mailpipe({"lnit"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "error: unknown command 'lnit'; did you mean 'lint'?\n"
            "   = help: mailpipe --help lists the commands\n");
}

TEST(Cli, AMisspeltOptionIsToldApart) {
  const Finished result = mailpipe({"plugins", "--fromat", "json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "unknown option '--fromat'; did you mean '--format'?"))
      << result.err;
}

TEST(Cli, AnOperandThatNobodyTakesIsRefused) {
  const Finished result = mailpipe({"plugins", "jmap"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "takes no operand, but there is 'jmap'")) << result.err;
}

TEST(Cli, AnOptionWithoutAValueIsRefused) {
  const Finished result = mailpipe({"status", "--state", ""});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--state needs a value")) << result.err;
}

TEST(Cli, OutputThatCannotBeWrittenIsAFailure) {
  const Finished result =
      run_process({"/bin/sh", "-c", "exec \"$0\" schema >/dev/full", MAILPIPE_PROGRAM});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.err, "standard output cannot be written")) << result.err;
}

TEST(Cli, OutputThatNobodyReadsIsNone) {
  const Finished result =
      run_process({"/bin/sh", "-c", "(\"$0\" schema; echo $? >&2) | :", MAILPIPE_PROGRAM});
  EXPECT_EQ(result.err, "0\n");
}

TEST(Cli, AShortOptionIsNoOperand) {
  const Finished result = mailpipe({"inspect", "-j"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "unknown option '-j'")) << result.err;
}

TEST(Cli, AChoiceThatIsNoneNamesTheChoices) {
  const Finished result = mailpipe({"plugins", "--format", "xml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "--format is one of human, json, not 'xml'")) << result.err;
}

TEST(Cli, ControlCharactersOfAWordDoNotReachTheTerminal) {
  const Finished result = mailpipe({"\x1b[31mrun"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_FALSE(contains(result.err, "\x1b"));
}

TEST(Cli, ExplainTellsOfACode) {
  const Finished result = mailpipe({"explain", "mp1004"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.rfind("MP1004: ", 0), 0U);
}

}  // namespace
}  // namespace mailpipe::test
