#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// Every *.yaml in lint_corpus has the text that `lint` prints for it beside it, in *.expected.
// MAILPIPE_UPDATE_EXPECTED=1 writes those texts anew: read the difference before you commit it.

namespace mailpipe::config {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> corpus() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(MAILPIPE_LINT_CORPUS)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

class LintCorpus : public testing::TestWithParam<std::string> {
 protected:
  LintCorpus() {
    ::setenv("LINT_TOKEN", "a-token", 1);
    ::unsetenv("LINT_MISSING");
  }

  std::string lint(Format format) const {
    const std::string name = GetParam() + ".yaml";
    const LintResult result =
        load_pipeline_text(read_file(fs::path(MAILPIPE_LINT_CORPUS) / name), name, TestCatalog());
    EXPECT_EQ(result.exit_code() == 0,
              !result.parts.empty() &&
                  std::all_of(result.parts.begin(), result.parts.end(),
                              [](const auto& part) { return part.pipeline.has_value(); }));
    return render(result.diagnostics, result.sources, format);
  }
};

TEST_P(LintCorpus, SaysWhatIsExpected) {
  const fs::path expected = fs::path(MAILPIPE_LINT_CORPUS) / (GetParam() + ".expected");
  const std::string said = lint(Format::Human);
  if (std::getenv("MAILPIPE_UPDATE_EXPECTED") != nullptr) {
    std::ofstream(expected, std::ios::binary) << said;
  }
  ASSERT_TRUE(fs::exists(expected)) << said;
  EXPECT_EQ(said, read_file(expected));
}

TEST_P(LintCorpus, ShowsNoSecretInAnyFormat) {
  for (const Format format : {Format::Human, Format::Json, Format::Github}) {
    EXPECT_EQ(lint(format).find("hunter"), std::string::npos);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  std::string name = file.param;
  name.erase(std::remove(name.begin(), name.end(), '_'), name.end());
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, LintCorpus, testing::ValuesIn(corpus()), test_name);

}  // namespace
}  // namespace mailpipe::config
