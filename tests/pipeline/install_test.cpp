#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Installs mailpipe to a staging folder and builds the plugins of docs/plugins.md against it, once for all tests.
class Installed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>();
    log_ = run({MAILPIPE_CMAKE, "--install", MAILPIPE_BUILD_DIR, "--prefix", prefix()});
    log_ += run({MAILPIPE_CMAKE, "-S", MAILPIPE_OUTSIDE_PLUGIN, "-B", build(),
                 "-DCMAKE_PREFIX_PATH=" + prefix(),
                 std::string("-DCMAKE_CXX_COMPILER=") + MAILPIPE_CXX});
    log_ += run({MAILPIPE_CMAKE, "--build", build(), "--parallel", "2"});
    fs::create_directory(*dir_ / "plugins");
    for (const char* name : {"source-eml-folder", "filter-header", "sink-by-digest"}) {
      put(plugin(name));
    }
    fs::create_directory(mail());
    for (const char* name : {"one", "two", "three"}) {
      std::ofstream(mail() / (std::string(name) + ".eml"))
          << "Subject: " << name << "\r\n\r\nHello " << name << "\r\n";
    }
    std::ofstream(mail() / "spam.eml") << "Subject: spam\r\nX-Spam-Flag: YES\r\n\r\nBuy\r\n";
  }

  static void TearDownTestSuite() { dir_.reset(); }

  static Finished installed(std::vector<std::string> words) {
    words.insert(words.begin(), prefix() + "/bin/mailpipe");
    return run_process(std::move(words), {{"MAILPIPE_PLUGIN_PATH", (*dir_ / "plugins").string()},
                                          {"XDG_STATE_HOME", (*dir_ / "state").string()}});
  }

  /// One of the plugins that were built outside.
  static fs::path plugin(const std::string& name) {
    return fs::path(build()) / "lib/mailpipe/plugins" / (name + ".so");
  }

  static fs::path mail() { return *dir_ / "mail"; }

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

TEST_F(Installed, PluginsOutsideTheTreeBuild) {
  EXPECT_EQ(log_, "");
}

TEST_F(Installed, TheirContractTestsPass) {
  const Finished result = run_process({(fs::path(build()) / "contract-test").string()});
  EXPECT_EQ(result.exit_code, 0) << result.out;
}

TEST_F(Installed, TheyPassPluginCheck) {
  const std::string with = "eml-folder={\"path\":\"" + mail().string() + "\"}";
  const auto check = [](const std::string& name, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"plugin", "check", (*dir_ / "plugins").string() + "/" + name};
    words.insert(words.end(), more.begin(), more.end());
    const Finished result = installed(std::move(words));
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  };
  check("source-eml-folder.so", {"--with", with});
  check("filter-header.so");
  check("sink-by-digest.so");
}

TEST_F(Installed, TheProgramFindsItsPluginsBesideIt) {
  const Finished result = installed({"inspect", "eml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(Installed, TheProgramListsAPluginFromOutside) {
  const Finished result = installed({"plugins"});
  EXPECT_TRUE(contains(result.out, "org.example.header 1.0")) << result.out;
  EXPECT_FALSE(contains(result.out, "REFUSED")) << result.out;
}

TEST_F(Installed, TestPluginsAreNotInstalled) {
  EXPECT_FALSE(fs::exists(prefix() + "/lib/mailpipe/plugins/test-good.so"));
}

TEST_F(Installed, PluginsFromOutsideMakeAPipeline) {
  const fs::path file = *dir_ / "demo.yaml";
  fs::copy_file(fs::path(MAILPIPE_OUTSIDE_PLUGIN) / "demo.yaml", file);
  const Finished result = installed({"run", file.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "4 listed, 3 stored")) << result.out;
  EXPECT_TRUE(contains(result.out, "filtered: 1 by header: has-header")) << result.out;
  EXPECT_TRUE(contains(installed({"run", file.string()}).out, "nothing new")) << "a second run";
}

}  // namespace
}  // namespace mailpipe::test
