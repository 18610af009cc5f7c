#include "pipeline/cli.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// Every *.yaml in pipelines/, by its name.
std::vector<std::string> examples() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(MAILPIPE_EXAMPLES)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Example : public testing::TestWithParam<std::string> {
 protected:
  static Finished lint(const Environment& environment) {
    return mailpipe({"lint", std::string(MAILPIPE_EXAMPLES) + "/" + GetParam() + ".yaml"},
                    environment);
  }
};

TEST_P(Example, HasNothingThatLintFinds) {
  const Finished result = lint({{"FASTMAIL_TOKEN", "a-token"}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out + result.err, "");
}

INSTANTIATE_TEST_SUITE_P(Pipelines, Example, testing::ValuesIn(examples()), [](const auto& given) {
  std::string name = given.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char letter) { return std::isalnum(letter) == 0; },
      '_');
  return name;
});

std::string sample_of(const std::string& type) {
  const std::string all = mailpipe({"inspect", type}).out;
  return all.substr(std::min(all.size(), all.find("In a pipeline:")));
}

TEST(InspectSample, OfASourceHasOneWayToLogIn) {
  EXPECT_NE(sample_of("imap").find("password: {"), std::string::npos);
  EXPECT_EQ(sample_of("imap").find("token:"), std::string::npos);
}

TEST(InspectSample, OfASinkThatCanRemoveSaysSo) {
  EXPECT_NE(sample_of("maildir").find("on_remove: keep"), std::string::npos);
}

}  // namespace
}  // namespace mailpipe::test
