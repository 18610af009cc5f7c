#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Installs mailpipe to a staging folder and builds a plugin against it, once for all tests.
class Installed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>();
    log_ = run({MAILPIPE_CMAKE, "--install", MAILPIPE_BUILD_DIR, "--prefix", prefix()});
    log_ += run({MAILPIPE_CMAKE, "-S", MAILPIPE_OUTSIDE_PLUGIN, "-B", build(),
                 "-DCMAKE_PREFIX_PATH=" + prefix(),
                 std::string("-DCMAKE_CXX_COMPILER=") + MAILPIPE_CXX});
    log_ += run({MAILPIPE_CMAKE, "--build", build()});
    fs::create_directory(*dir_ / "plugins");
    put(fs::path(build()) / "lib/mailpipe/plugins/filter-even-only.so");
    put(fs::path(TEST_PLUGINS) / "test-mail.so");
  }

  static void TearDownTestSuite() { dir_.reset(); }

  static Finished installed(std::vector<std::string> words) {
    words.insert(words.begin(), prefix() + "/bin/mailpipe");
    return run_process(std::move(words), {{"MAILPIPE_PLUGIN_PATH", (*dir_ / "plugins").string()},
                                          {"XDG_STATE_HOME", (*dir_ / "state").string()}});
  }

  static std::string prefix() { return (*dir_ / "prefix").string(); }

  static std::string build() { return (*dir_ / "build").string(); }

  static std::unique_ptr<TempDir> dir_;
  static std::string log_;

 private:
  static std::string run(std::vector<std::string> words) {
    const Finished result = run_process(std::move(words));
    return result.exit_code == 0 ? "" : result.out + result.err;
  }

  static void put(const fs::path& plugin) {
    std::error_code failed;
    const fs::path to = *dir_ / "plugins" / plugin.filename();
    fs::copy_file(plugin, to, failed);
    fs::permissions(to, fs::perms(0644), failed);
  }
};

std::unique_ptr<TempDir> Installed::dir_;
std::string Installed::log_;

TEST_F(Installed, APluginOutsideTheTreeBuilds) {
  EXPECT_EQ(log_, "");
}

TEST_F(Installed, TheProgramFindsItsPluginsBesideIt) {
  const Finished result = installed({"inspect", "eml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(Installed, TheProgramListsAPluginFromOutside) {
  const Finished result = installed({"plugins"});
  EXPECT_TRUE(contains(result.out, "org.example.even-only 2.0.1")) << result.out;
  EXPECT_FALSE(contains(result.out, "REFUSED")) << result.out;
}

TEST_F(Installed, TestPluginsAreNotInstalled) {
  EXPECT_FALSE(fs::exists(prefix() + "/lib/mailpipe/plugins/test-good.so"));
}

TEST_F(Installed, APluginFromOutsideWorksInAPipeline) {
  const fs::path file = *dir_ / "demo.yaml";
  std::ofstream(file) << "version: 1\nname: demo\nsource:\n  type: made-up\n  with: { count: 6 }\n"
                         "filters:\n  - type: even-only\nsinks:\n  - type: eml\n"
                         "    with: { path: ./mail }\n";
  const Finished result = installed({"run", file.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "6 listed, 3 stored")) << result.out;
  EXPECT_TRUE(contains(result.out, "filtered: 3 by even-only: odd")) << result.out;
}

}  // namespace
}  // namespace mailpipe::test
