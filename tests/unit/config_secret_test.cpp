#include "config/secret.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>
#include <utility>

namespace mailpipe::config {
namespace {

SecretReference command(std::vector<std::string> argv) {
  SecretReference reference;
  reference.pointer = "/token";
  reference.from = SecretReference::From::Command;
  reference.argv = std::move(argv);
  return reference;
}

std::string revealed(const SecretReference& reference) {
  return std::string(reference.resolve().reveal());
}

/// What resolve() throws: its class, text and hint.
Error failure(const SecretReference& reference) {
  try {
    (void)reference.resolve();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorClass::Internal, "nothing was thrown"};
}

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string name = testing::TempDir() + "secretXXXXXX";
    folder_ = ::mkdtemp(name.data());
    reference_.pointer = "/password";
    reference_.from = SecretReference::From::File;
    reference_.name = folder_ / "secret";
  }

  ~SecretFile() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text, mode_t mode) {
    std::ofstream(reference_.name, std::ios::binary) << text;
    ::chmod(reference_.name.c_str(), mode);
  }

  std::filesystem::path folder_;
  SecretReference reference_;
};

static_assert(!std::is_copy_constructible_v<Secret>);

TEST(Secret, WipesTheStringItCameIn) {
  std::string text = "correct horse battery staple";
  const char* octets = text.data();
  const Secret secret(std::move(text));
  EXPECT_EQ(secret.reveal(), "correct horse battery staple");
  EXPECT_EQ(octets[1], '\0');
}

TEST(Secret, IsEmptyOnceMovedFrom) {
  Secret first(std::string("a"));
  const Secret second = std::move(first);
  EXPECT_EQ(second.reveal(), "a");
  EXPECT_EQ(first.reveal(), "");  // NOLINT(bugprone-use-after-move): that is what is tested
}

TEST(SecretFromEnvironment, IsTheVariableOrTheDefault) {
  SecretReference reference;
  reference.name = "MAILPIPE_TEST_SECRET";
  ::setenv("MAILPIPE_TEST_SECRET", "from the variable", 1);
  EXPECT_EQ(revealed(reference), "from the variable");
  ::unsetenv("MAILPIPE_TEST_SECRET");
  EXPECT_EQ(failure(reference).error_class(), ErrorClass::Config);
  reference.literal = std::make_shared<const Secret>(std::string("default"));
  EXPECT_EQ(revealed(reference), "default");
}

TEST_F(SecretFile, OfSystemdMayHaveTheMaskOfItsAccessList) {
  write("from systemd", 0440);
  EXPECT_EQ(failure(reference_).error_class(), ErrorClass::Config);
  ::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
  EXPECT_EQ(revealed(reference_), "from systemd");
  write("from systemd", 0444);
  EXPECT_EQ(failure(reference_).error_class(), ErrorClass::Config);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_F(SecretFile, LosesOneNewlineAtItsEnd) {
  write("hunter2\n\n", 0600);
  EXPECT_EQ(revealed(reference_), "hunter2\n");
}

TEST_F(SecretFile, IsRefusedWhenOthersCanReadIt) {
  write("hunter2", 0640);
  const Error error = failure(reference_);
  EXPECT_EQ(error.error_class(), ErrorClass::Config);
  EXPECT_EQ(error.hint(), "chmod 600 " + reference_.name);
  EXPECT_EQ(std::string(error.what()).find("hunter2"), std::string::npos);
}

TEST_F(SecretFile, IsRefusedWhenMissingEmptyOrNotAFile) {
  EXPECT_EQ(failure(reference_).error_class(), ErrorClass::Config);
  write("", 0600);
  EXPECT_EQ(failure(reference_).error_class(), ErrorClass::Config);
  reference_.name = folder_;
  EXPECT_EQ(failure(reference_).error_class(), ErrorClass::Config);
}

TEST(SecretFromCommand, IsWhatTheCommandPrintsWithoutItsNewline) {
  EXPECT_EQ(revealed(command({"printf", "%s\n", "a b"})), "a b");
}

TEST(SecretFromCommand, IsTheFirstLineOfAPassEntryWithMore) {
  EXPECT_EQ(revealed(command({"printf", "hunter2\r\nuser: ann\nurl: example.org\n"})), "hunter2");
}

TEST(SecretFromCommand, RunsWithoutAShell) {
  EXPECT_EQ(revealed(command({"echo", "$HOME;", "*"})), "$HOME; *");
}

TEST(SecretFromCommand, SaysWhatTheCommandSaidWhenItFails) {
  const Error error =
      failure(command({"sh", "-c", "echo 'no \033[31mkey' >&2; echo more >&2; exit 3"}));
  EXPECT_EQ(error.error_class(), ErrorClass::Auth);
  EXPECT_STREQ(error.what(), "token command 'sh' failed (exit status 3): no \\u{1b}[31mkey");
  EXPECT_FALSE(error.hint().empty());
}

TEST(SecretFromCommand, RefusesACommandThatPrintsNothingOrTooMuch) {
  EXPECT_STREQ(failure(command({"true"})).what(), "token command 'true' printed nothing");
  EXPECT_STREQ(failure(command({"sh", "-c", "head -c 200000 /dev/zero | tr '\\0' a"})).what(),
               "token command 'sh' printed more than 64 KiB");
}

TEST(SecretFromCommand, SaysThatTheProgramIsMissing) {
  EXPECT_EQ(failure(command({"/nonexistent/program"})).error_class(), ErrorClass::Config);
}

TEST(SecretFromCommand, HidesOtherSecretsFromTheCommand) {
  ::setenv("MAILPIPE_TEST_HIDDEN", "x", 1);
  ::setenv("MAILPIPE_TEST_SHOWN", "y", 1);
  SecretReference reference =
      command({"sh", "-c", "echo \"[$MAILPIPE_TEST_HIDDEN$MAILPIPE_TEST_SHOWN]\""});
  reference.hidden = {"MAILPIPE_TEST_HIDDEN"};
  EXPECT_EQ(revealed(reference), "[y]");
}

TEST(SecretFromCommand, KillsTheWholeProcessGroupAfterTheTimeout) {
  SecretReference reference = command({"sh", "-c", "sleep 600 & echo started; exec sleep 600"});
  reference.timeout = std::chrono::seconds(1);
  EXPECT_STREQ(failure(reference).what(), "token command 'sh' took longer than 1 s and was killed");
}

TEST(SecretFromCommand, DoesNotWaitForADaemonThatKeepsThePipeOpen) {
  SecretReference reference = command({"sh", "-c", "sleep 2 & echo token"});
  EXPECT_EQ(revealed(reference), "token");
}

}  // namespace
}  // namespace mailpipe::config
