#include "pipeline/cli.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A pipeline that a user may copy: where it stands, and its text.
struct Shown {
  std::string name, text;
};

/// Every *.yaml in pipelines/.
void add_files(std::vector<Shown>& out) {
  for (const fs::directory_entry& entry : fs::directory_iterator(MAILPIPE_TREE "/pipelines")) {
    if (entry.path().extension() == ".yaml") {
      out.push_back({"pipelines_" + entry.path().stem().string(), read(entry.path())});
    }
  }
}

/// What stands between ```yaml and ``` in a page of Markdown, if it is a whole pipeline.
void add_blocks(std::vector<Shown>& out, const std::string& page, const std::string& text) {
  constexpr std::string_view kOpen = "\n```yaml\n", kClose = "\n```";
  for (std::size_t at = text.find(kOpen); at != std::string::npos; at = text.find(kOpen, at)) {
    const std::size_t from = at + kOpen.size();
    at = text.find(kClose, from - 1);
    const std::string block = text.substr(from, at - from);
    if (contains("\n" + block, "\nsource:") && contains("\n" + block, "\nsinks:")) {
      const auto line = std::count(text.begin(), text.begin() + static_cast<long>(from), '\n') + 1;
      out.push_back({page + "_" + std::to_string(line), block});
    }
  }
}

void add_pages(std::vector<Shown>& out) {
  const fs::path root = MAILPIPE_TREE;
  add_blocks(out, "README", read(root / "README.md"));
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "docs")) {
    // What docs/plugins.md shows uses plugins that its reader is about to write.
    if (entry.path().extension() == ".md" && entry.path().stem() != "plugins") {
      add_blocks(out, "docs_" + entry.path().stem().string(), read(entry.path()));
    }
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "plugins")) {
    add_blocks(out, entry.path().filename().string(), read(entry.path() / "README.md"));
  }
}

std::vector<Shown> everything_shown() {
  std::vector<Shown> out;
  add_files(out);
  add_pages(out);
  std::sort(out.begin(), out.end(), [](const Shown& a, const Shown& b) { return a.name < b.name; });
  return out;
}

/// A value for each variable that the text names.
Environment variables_of(const std::string& text) {
  const std::regex name("[$]env: *([A-Z0-9_]+)");
  Environment out;
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) {
    out.emplace((*at)[1], "a-secret");
  }
  return out;
}

class Example : public testing::TestWithParam<Shown> {};

TEST_P(Example, HasNothingThatLintFinds) {
  const TempDir dir;
  const std::string file = (dir.path() / "pipeline.yaml").string();
  std::ofstream(file) << GetParam().text;
  const Finished result = mailpipe({"lint", file}, variables_of(GetParam().text));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out + result.err, "");
}

TEST_P(Example, PassesItsTests) {
  const TempDir dir;
  const std::string file = (dir.path() / "pipeline.yaml").string();
  std::ofstream(file) << GetParam().text;
  const Finished result = mailpipe({"test", file}, variables_of(GetParam().text));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const bool has_tests = contains(GetParam().text, "\ntests:");
  EXPECT_EQ(contains(result.out, " 0 failed"), has_tests) << result.out;
}

INSTANTIATE_TEST_SUITE_P(Shown, Example, testing::ValuesIn(everything_shown()),
                         [](const auto& given) {
                           std::string name = given.param.name;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](unsigned char letter) { return std::isalnum(letter) == 0; }, '_');
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

TEST(InspectSample, IsTheFirstExampleOfTheSchema) {
  EXPECT_NE(sample_of("window").find("first_run: 30d"), std::string::npos);
}

TEST(InspectMarkdown, IsAPageWithATableOfTheOptions) {
  const std::string page = mailpipe({"inspect", "maildir", "--format", "markdown"}).out;
  EXPECT_EQ(page.rfind("# `maildir`, a sink\n", 0), 0U) << page;
  EXPECT_TRUE(contains(page, "| `layout` | `verbatim`, `maildir++` | `verbatim` | How ")) << page;
}

TEST(InspectMarkdown, KeepsWhatMarkdownWouldTakeForItself) {
  const std::string page = mailpipe({"inspect", "imap", "--format", "markdown"}).out;
  EXPECT_TRUE(contains(page, " levels: \\* is anything")) << page;
}

TEST(InspectPipeline, NamesTheKeysOfTheEngine) {
  const Finished result = mailpipe({"inspect", "pipeline"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(contains(result.out, "max_remove_fraction: fraction  (default: 10%)")) << result.out;
}

}  // namespace
}  // namespace mailpipe::test
