#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A pipeline made of the three components of one plugin binary, run by today's program.
class KeptPlugin : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(GetParam())) {
      GTEST_SKIP() << "no binary was kept for this machine: " << GetParam();
    }
    fs::create_directory(dir / "plugins");
    fs::copy_file(GetParam(), dir / "plugins/kept.so");
    fs::permissions(dir / "plugins/kept.so", fs::perms(0644));
    std::ofstream(dir / "old.yaml") << "version: 1\nname: old\nsource: { type: abi-source }\n"
                                       "filters:\n  - type: abi-filter\nsinks:\n  - type: "
                                       "abi-sink\n    with: { path: ./mail }\n";
  }

  Finished called(std::vector<std::string> words) const {
    return mailpipe(std::move(words), {{"MAILPIPE_PLUGIN_PATH", (dir / "plugins").string()},
                                       {"XDG_STATE_HOME", (dir / "state").string()}});
  }

  TempDir dir;
};

TEST_P(KeptPlugin, IsListedAsUsable) {
  const Finished result = called({"plugins"});
  EXPECT_TRUE(contains(result.out, "test.abi-1.0 1.0  ABI 1.0")) << result.out;
  EXPECT_FALSE(contains(result.out, "REFUSED")) << result.out;
}

TEST_P(KeptPlugin, DrivesAWholePipeline) {
  const Finished result = called({"run", (dir / "old.yaml").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(contains(result.out, "4 listed, 2 stored")) << result.out;
  EXPECT_TRUE(contains(result.out, "marked")) << result.out;
  EXPECT_EQ(text_of(dir / "mail/abi:1"), "Subject: abi:1\r\n\r\nHello.\r\n");
  EXPECT_EQ(text_of(dir / "mail/abi:2"), "Subject: abi:2\r\n\r\nHello.\r\n");
  EXPECT_FALSE(fs::exists(dir / "mail/abi:drop"));
}

TEST_P(KeptPlugin, GoesOnFromItsCursor) {
  const std::string file = (dir / "old.yaml").string();
  ASSERT_EQ(called({"run", file}).exit_code, 0);
  const Finished second = called({"run", file});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_TRUE(contains(second.out, "nothing new")) << second.out;
}

INSTANTIATE_TEST_SUITE_P(OfAbi10, KeptPlugin,
                         testing::Values(MAILPIPE_KEPT_PLUGIN, MAILPIPE_PLUGIN_OF_TODAY),
                         [](const auto& each) { return each.index == 0 ? "Kept" : "OfToday"; });

}  // namespace
}  // namespace mailpipe::test
