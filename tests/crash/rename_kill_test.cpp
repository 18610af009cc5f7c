// A name is chosen once: killed anywhere, and with a template that was edited before the next run.
#include "crash/eml_pipeline.hpp"
#include "rename_filter.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

constexpr const char* kBefore = R"({"name":"{subject}"})";
constexpr const char* kAfter = R"({"name":"new {subject}/../{id}","mailbox":"new"})";

struct RenamedPipeline : EmlPipeline {
  RenamedPipeline() {
    make_filters = [this](run::Runner& runner) {
      return std::vector<run::FilterPart>{{.id = "rename",
                                           .filter = std::make_shared<rename::RenameFilter>(
                                               Options(options), runner.host("filter:rename")),
                                           .places = true}};
    };
    account.add_many(7);
    account.add("up", {.body = "Subject: ../../../up\r\n\r\nx\r\n"});
  }

  void edit() {
    options = kAfter;
    fingerprint = "edited";
  }

  /// The published messages, by name.
  std::map<std::string, std::string> published() const {
    std::map<std::string, std::string> out = files();
    std::erase_if(out, [](const auto& file) { return file.first.starts_with(".mailpipe"); });
    return out;
  }

  /// How often each message lies there.
  std::map<std::string, int> copies() const {
    std::map<std::string, int> out;
    for (const auto& [name, octets] : published()) {
      ++out[octets];
    }
    return out;
  }

  std::string options = kBefore;
};

TEST(RenameKill, AnEditedTemplateDoublesNothingAndLeavesTheNamesThatWereChosen) {
  int killed = 0;
  int half = 0;
  bool finished = false;
  for (int at = 1; !finished && at < 1000; ++at) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    RenamedPipeline pipeline;
    finished = WIFEXITED(pipeline.run_in_child(at));
    killed += finished ? 0 : 1;
    const auto before = pipeline.published();
    half += !before.empty() && before.size() < pipeline.account.messages.size() ? 1 : 0;
    pipeline.edit();
    ASSERT_EQ(pipeline.run().exit_code, 0);
    const auto after = pipeline.published();
    for (const auto& [name, octets] : before) {
      ASSERT_TRUE(after.count(name) == 1 && after.at(name) == octets) << name;
    }
    ASSERT_EQ(pipeline.copies().size(), pipeline.account.messages.size());
    ASSERT_EQ(after.size(), pipeline.account.messages.size()) << "no message lies there twice";
    ASSERT_EQ(pipeline.run().counts, run::Counts{}) << "nothing may be left to do";
    for (const auto& entry : fs::directory_iterator(pipeline.dir.path())) {
      ASSERT_TRUE(entry.path().filename() == "mail" || entry.path().filename() == "state")
          << entry.path();
    }
  }
  EXPECT_TRUE(finished) << "not every place was tried";
  EXPECT_GT(killed, 30) << "too few places to die at: is the seam still in use?";
  EXPECT_GT(half, 5) << "too few ends between two messages";
}

TEST(RenameKill, AnEditedTemplateRenamesNothingThatIsStored) {
  RenamedPipeline pipeline;
  ASSERT_EQ(pipeline.run().exit_code, 0);
  const auto before = pipeline.published();
  pipeline.edit();
  pipeline.account.change("m1", [](auto& m) { m.keywords = {"$seen"}; });
  ASSERT_EQ(pipeline.run().exit_code, 0);
  EXPECT_EQ(pipeline.published(), before);
}

}  // namespace
}  // namespace mailpipe::test
