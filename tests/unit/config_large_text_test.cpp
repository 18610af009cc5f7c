#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::config {
namespace {

TEST(ConfigLargeText, SurvivesOneMebibyteOfAnything) {
  const TestCatalog catalog;
  for (const std::string piece :
       {"a: ", "- ", "[", "{", "\"", "'", "&a ", "*a ", "a\n", ": ", "|\n ", "# ", "!", "%",
        "a: b\n", "\n\n", "- a\n", "x-a: [1]\n"}) {
    std::string text;
    while (text.size() < (1U << 20U)) {
      text += piece;
    }
    text.resize(1U << 20U);
    const LintResult result = load_pipeline_text(text, "/large/p.yaml", catalog);
    EXPECT_EQ(result.exit_code(), 2) << piece;
    for (const Format format : {Format::Human, Format::Json, Format::Github}) {
      EXPECT_FALSE(render(result.diagnostics, result.sources, format).empty()) << piece;
    }
  }
}

}  // namespace
}  // namespace mailpipe::config
