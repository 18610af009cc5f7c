#include "contract/plugin_files.hpp"
#include "plugin/catalog.hpp"
#include "plugin/loader.hpp"
#include "plugin/search_path.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace mailpipe::plugin {
namespace {

namespace fs = std::filesystem;
using config::Kind;
using test::PluginFile;

struct Outcome {
  std::string code, what;
};

/// What the whole ladder says of a file: an empty code when it loads.
Outcome outcome(const fs::path& path) {
  const Candidate candidate = examine(path);
  try {
    load(candidate);
    return {};
  } catch (const Refused& why) {
    return {why.code(), why.what()};
  }
}

class PluginLoader : public testing::Test {
 protected:
  fs::path save(const PluginFile& file, const char* name = "plugin.so") const {
    return file.save(dir_ / name);
  }

  /// Sets where code of a test plugin leaves its trace.
  fs::path trace() const {
    const fs::path path = dir_ / "trace";
    ::setenv("MAILPIPE_TEST_TRACE", path.c_str(), 1);
    return path;
  }

  test::TempDir dir_;
};

TEST_F(PluginLoader, LoadsAPluginInCplusplus) {
  EXPECT_EQ(outcome(test::test_plugin("test-good")).what, "");
}

TEST_F(PluginLoader, LoadsAPluginInPlainC) {
  EXPECT_EQ(outcome(test::test_plugin("test-plain-c")).what, "");
}

TEST_F(PluginLoader, LoadsAFileOnce) {
  const Candidate candidate = examine(test::test_plugin("test-plain-c"));
  EXPECT_EQ(&load(candidate), &load(candidate));
}

TEST_F(PluginLoader, ReadsTheManifestWithoutRunningCode) {
  const fs::path trace_file = trace();
  const Candidate candidate = examine(save(PluginFile("test-good")));
  ASSERT_FALSE(candidate.refused);
  EXPECT_EQ(candidate.manifest->components.front().type, "keep-all");
  EXPECT_FALSE(fs::exists(trace_file));
  load(candidate);
  EXPECT_TRUE(fs::exists(trace_file));
}

TEST_F(PluginLoader, RefusesAnotherAbiMajorBeforeAnyCodeRuns) {
  const fs::path trace_file = trace();
  PluginFile file("test-good");
  file.set_tag(offsetof(mp_tag, abi_major), MP_ABI_MAJOR + 1);
  const Outcome result = outcome(save(file));
  EXPECT_EQ(result.code, kWrongAbi);
  EXPECT_NE(result.what.find("plugin ABI 2." + std::to_string(MP_ABI_MINOR)), std::string::npos)
      << result.what;
  EXPECT_FALSE(fs::exists(trace_file));
}

TEST_F(PluginLoader, RefusesANewerMinor) {
  PluginFile file("test-good");
  file.set_tag(offsetof(mp_tag, abi_minor), MP_ABI_MINOR + 1);
  EXPECT_EQ(outcome(save(file)).code, kWrongAbi);
}

TEST_F(PluginLoader, KnowsTheTypesOfAPluginOfAnotherAbi) {
  PluginFile file("test-good");
  file.set_tag(offsetof(mp_tag, abi_major), MP_ABI_MAJOR + 1);
  save(file);
  const Catalog catalog({dir_.path()});
  EXPECT_EQ(catalog.find(Kind::Filter, "keep-all"), nullptr);
  EXPECT_NE(catalog.refused(Kind::Filter, "keep-all").value_or("").find("ABI"), std::string::npos);
}

TEST_F(PluginLoader, RefusesATagThatDiffersFromTheDescriptor) {
  EXPECT_EQ(outcome(test::test_plugin("test-other_minor")).code, kTablesDiffer);
}

TEST_F(PluginLoader, RefusesWhatIsNoLibrary) {
  test::write_file(dir_ / "plugin.so", "#!/bin/sh\n");
  EXPECT_EQ(outcome(dir_ / "plugin.so").code, kNotALibrary);
}

TEST_F(PluginLoader, RefusesAPluginThatOthersMayWrite) {
  const fs::path path = save(PluginFile("test-good"));
  fs::permissions(path, fs::perms(0666));
  const Outcome result = outcome(path);
  EXPECT_EQ(result.code, kBadLocation);
  EXPECT_NE(result.what.find("may be written by everybody"), std::string::npos) << result.what;
}

TEST_F(PluginLoader, RefusesAFolderThatOthersMayWrite) {
  fs::create_directory(dir_ / "plugins");
  const fs::path path = PluginFile("test-good").save(dir_ / "plugins/plugin.so");
  fs::permissions(dir_ / "plugins", fs::perms(0777));
  const Outcome result = outcome(path);
  EXPECT_EQ(result.code, kBadLocation);
  EXPECT_NE(result.what.find("plugins' may be written"), std::string::npos) << result.what;
}

TEST_F(PluginLoader, RefusesAFileOfAnotherUser) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  const fs::path path = save(PluginFile("test-good"));
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  EXPECT_EQ(outcome(path).code, kBadLocation);
}

TEST_F(PluginLoader, RefusesAFolderNamedLikeAPlugin) {
  fs::create_directory(dir_ / "plugin.so");
  EXPECT_EQ(outcome(dir_ / "plugin.so").code, kBadLocation);
}

TEST_F(PluginLoader, RefusesAFileThatWasReplacedAfterTheCheck) {
  const fs::path path = save(PluginFile("test-good"));
  const Candidate candidate = examine(path);
  PluginFile("test-plain-c").save(dir_ / "other.so");
  fs::rename(dir_ / "other.so", path);
  EXPECT_THROW(load(candidate), Refused);
}

TEST_F(PluginLoader, NamesTheMissingSlot) {
  const Outcome result = outcome(test::test_plugin("test-missing_slot"));
  EXPECT_EQ(result.code, kTablesDiffer);
  EXPECT_NE(result.what.find("filter 'small-only' lacks the slot 'judge'"), std::string::npos);
}

TEST_F(PluginLoader, RefusesATableThatIsTooShort) {
  const Outcome result = outcome(test::test_plugin("test-small_table"));
  EXPECT_EQ(result.code, kTablesDiffer);
  EXPECT_NE(result.what.find("16 octets"), std::string::npos) << result.what;
}

TEST_F(PluginLoader, RefusesComponentsThatTheManifestDoesNotHave) {
  EXPECT_EQ(outcome(test::test_plugin("test-other_type")).code, kTablesDiffer);
}

TEST_F(PluginLoader, RefusesAnEntryPointThatReturnsNothing) {
  EXPECT_EQ(outcome(test::test_plugin("test-no_descriptor")).code, kTablesDiffer);
}

TEST_F(PluginLoader, NamesTheUndefinedSymbolAtLoadTime) {
  const Outcome result = outcome(test::test_plugin("test-undefined_symbol"));
  EXPECT_EQ(result.code, kLoadFailed);
  EXPECT_NE(result.what.find("mailpipe_test_function_that_is_nowhere"), std::string::npos)
      << result.what;
}

TEST_F(PluginLoader, ExplainsInOneBlock) {
  PluginFile file("test-good");
  file.set_tag(offsetof(mp_tag, abi_major), MP_ABI_MAJOR + 1);
  const Candidate candidate = examine(save(file));
  const std::string block = explain(candidate, *candidate.refused);
  EXPECT_EQ(block.find("error[MP5002]: plugin 'test.good' 1.2.3 cannot be loaded\n  --> "), 0U);
  EXPECT_NE(block.find("help: upgrade mailpipe"), std::string::npos) << block;
}

TEST_F(PluginLoader, RefusesTwoFilesWithOneIdAndNamesBoth) {
  save(PluginFile("test-good"), "a.so");
  save(PluginFile("test-good"), "b.so");
  const Catalog catalog({dir_.path()});
  ASSERT_EQ(catalog.candidates().size(), 2U);
  for (const Candidate& candidate : catalog.candidates()) {
    ASSERT_TRUE(candidate.refused);
    EXPECT_EQ(candidate.refused->code(), kDuplicate);
    const std::string what = candidate.refused->what();
    EXPECT_NE(what.find("a.so"), std::string::npos);
    EXPECT_NE(what.find("b.so"), std::string::npos);
  }
  EXPECT_EQ(catalog.find(Kind::Filter, "keep-all"), nullptr);
}

TEST_F(PluginLoader, RefusesTwoPluginsOfOneType) {
  save(PluginFile("test-good"), "a.so");
  PluginFile other("test-good");
  save(other.replace_everywhere("test.good", "test.food"), "b.so");
  const Catalog catalog({dir_.path()});
  EXPECT_EQ(catalog.find(Kind::Filter, "keep-all"), nullptr);
  EXPECT_NE(catalog.refused(Kind::Filter, "keep-all").value_or("").find("two plugins"),
            std::string::npos);
}

TEST_F(PluginLoader, CountsAFileThatIsReachedByTwoNamesOnce) {
  save(PluginFile("test-good"), "a.so");
  fs::create_symlink("a.so", dir_ / "b.so");
  const Catalog catalog({dir_.path(), dir_.path()});
  EXPECT_EQ(catalog.candidates().size(), 1U);
  EXPECT_NE(catalog.find(Kind::Filter, "keep-all"), nullptr);
}

TEST_F(PluginLoader, UsesGoodPluginsBesideABrokenOne) {
  save(PluginFile("test-good"), "good.so");
  test::write_file(dir_ / "broken.so", "no library");
  const Catalog catalog({dir_.path()});
  EXPECT_NE(catalog.find(Kind::Filter, "keep-all"), nullptr);
  EXPECT_EQ(catalog.types(Kind::Filter), std::vector<std::string>{"keep-all"});
}

TEST(SearchPath, LeavesOutRelativeFoldersOfTheEnvironment) {
  ::setenv("MAILPIPE_PLUGIN_PATH", "plugins::.:/opt/mailpipe-plugins", 1);
  const std::vector<fs::path> folders = search_path({});
  ::unsetenv("MAILPIPE_PLUGIN_PATH");
  ASSERT_FALSE(folders.empty());
  EXPECT_EQ(folders.front(), "/opt/mailpipe-plugins");
  for (const fs::path& folder : folders) {
    EXPECT_TRUE(folder.is_absolute());
    EXPECT_NE(folder, fs::current_path());
  }
}

}  // namespace
}  // namespace mailpipe::plugin
