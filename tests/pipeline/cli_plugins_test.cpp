#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// A folder with the test plugins that a test puts into it.
class CliPlugins : public testing::Test {
 protected:
  void add(const std::string& name) const {
    const fs::path to = dir_ / (name + ".so");
    fs::copy_file(fs::path(TEST_PLUGINS) / (name + ".so"), to);
    fs::permissions(to, fs::perms(0644));
  }

  Finished run(std::vector<std::string> words) const {
    words.insert(words.begin() + 1, {"--plugin-dir", dir_.path().string()});
    return mailpipe(std::move(words), {{"MAILPIPE_TEST_TRACE", (dir_ / "trace").string()}});
  }

  TempDir dir_;
};

TEST_F(CliPlugins, ListsVersionAbiPathAndComponents) {
  add("test-good");
  const Finished result = run({"plugins"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "test.good 1.2.3  ABI 1.0  filter keep-all\n    " +
                                       (dir_ / "test-good.so").string()))
      << result.out;
}

TEST_F(CliPlugins, SaysWhyAFileIsRefusedAndSucceeds) {
  add("test-good");
  std::ofstream(dir_ / "broken.so") << "nothing";
  const Finished result = run({"plugins"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "broken.so  REFUSED")) << result.out;
  EXPECT_TRUE(contains(result.out, "MP5003: not a shared library")) << result.out;
}

TEST_F(CliPlugins, PrintsJson) {
  add("test-plain-c");
  const auto json = nlohmann::json::parse(run({"plugins", "--format=json"}).out);
  bool found = false;
  for (const auto& plugin : json.at("plugins")) {
    found = found || (plugin.at("id") == "test.plain-c" && plugin.at("usable") == true &&
                      plugin.at("components").at(0).at("type") == "small-only");
  }
  EXPECT_TRUE(found) << json;
}

TEST_F(CliPlugins, InspectPrintsTheOptions) {
  add("test-good");
  const Finished result = run({"inspect", "keep-all"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "loud: true or false  (default: false)\n      Says so"))
      << result.out;
}

TEST_F(CliPlugins, InspectPrintsTheSchema) {
  add("test-good");
  const auto json = nlohmann::json::parse(run({"inspect", "--json", "keep-all"}).out);
  EXPECT_EQ(json.at("schema").at("properties").at("loud").at("type"), "boolean");
}

TEST_F(CliPlugins, InspectSuggestsATypeThatExists) {
  add("test-good");
  const Finished result = run({"inspect", "keepall"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "did you mean 'keep-all'?")) << result.err;
}

TEST_F(CliPlugins, InspectOfARefusedPluginSaysWhy) {
  add("test-good");
  fs::permissions(dir_ / "test-good.so", fs::perms(0666));
  fs::rename(dir_ / "test-good.so", dir_ / "filter-keep-all.so");
  const Finished result = run({"inspect", "keep-all"});
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_TRUE(contains(result.err, "may be written by everybody")) << result.err;
}

TEST_F(CliPlugins, RunNoCodeOfAPlugin) {
  add("test-good");
  run({"plugins"});
  run({"inspect", "keep-all"});
  EXPECT_FALSE(fs::exists(dir_ / "trace"));
}

}  // namespace
}  // namespace mailpipe::test
