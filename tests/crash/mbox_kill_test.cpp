// An mbox in whole runs, killed anywhere: each stream in its order, byte for byte.
#include "crash/killable_pipeline.hpp"
#include "eml_sink.hpp"
#include "mbox_sink.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

std::string octets_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Into one mbox, alone or behind a folder of .eml files. Some bodies come late, as they do over several connections.
class MboxPipeline : public KillablePipeline {
 public:
  explicit MboxPipeline(bool with_eml) {
    settings.batch_messages = 4;
    settings.batch_interval = std::chrono::milliseconds(5);
    make_sinks = [this, with_eml](run::Runner& runner) {
      std::vector<run::SinkPart> parts;
      if (with_eml) {
        const Options options(R"({"path":")" + (dir.path() / "eml").string() +
                              R"(","sync":"auto"})");
        parts.push_back({.id = "eml",
                         .sink = std::make_shared<eml::EmlSink>(options, runner.host("sink:eml")),
                         .can = {.read = true, .scan = true},
                         .root = "eml"});
      }
      const Options options(R"({"path":")" + box().string() + R"(","layout":"single"})");
      parts.push_back({.id = "mbox",
                       .sink = std::make_shared<mbox::MboxSink>(options, runner.host("sink:mbox")),
                       .can = {.read = true, .scan = true, .ordered = true},
                       .root = box().string()});
      return parts;
    };
    script.on_fetch = [this](const std::string& id) {
      if (id.back() % 3 == 0 && late_.insert(id).second) {
        throw Error(ErrorClass::Item, "once more");
      }
    };
    account.add_many(12);
    account.add("odd", {.body = "Subject: odd\n\nFrom here on no CR\nand no end"});
  }

  fs::path box() const { return dir.path() / "mail.mbox"; }

  std::string octets() const { return octets_of(box()); }

 private:
  std::set<std::string> late_;
};

/// Every so many file operations; after each kill one run must make the box what it would have been.
void kill_everywhere(bool with_eml, int step) {
  MboxPipeline reference(with_eml);
  ASSERT_EQ(reference.run().exit_code, 0);
  const std::string undisturbed = reference.octets();
  ASSERT_FALSE(undisturbed.empty());
  int killed = 0;
  bool finished = false;
  for (int at = 1; !finished && at < 2000; at += step) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    MboxPipeline pipeline(with_eml);
    finished = WIFEXITED(pipeline.run_in_child(at));
    killed += finished ? 0 : 1;
    const run::RunReport report = pipeline.run();
    ASSERT_EQ(report.exit_code, 0) << (report.errors.empty() ? "" : report.errors.front().what);
    ASSERT_EQ(pipeline.octets(), undisturbed);
    ASSERT_EQ(pipeline.run().counts, run::Counts{}) << "nothing may be left to do";
  }
  EXPECT_TRUE(finished) << "not every place was tried";
  EXPECT_GT(killed, 10) << "too few places to die at: is the seam still in use?";
}

TEST(MboxRun, KilledAtEveryFileOperationIsTheSameByteForByte) {
  kill_everywhere(false, 1);
}

TEST(MboxRun, KilledBesideAnotherSinkIsTheSameByteForByte) {
  kill_everywhere(true, 3);
}

TEST(MboxRun, SomebodyElsesMessageAfterAKillCostsNeitherHisNorOurs) {
  const std::string his =
      "From bob@example.org Thu Jan  1 00:00:00 2026\nSubject: his\n\nhello\n\n";
  MboxPipeline reference(false);
  ASSERT_EQ(reference.run().exit_code, 0);
  const std::size_t ours = reference.octets().size();
  bool finished = false;
  for (int at = 5; !finished && at < 2000; at += 2) {
    SCOPED_TRACE("killed at file operation " + std::to_string(at));
    MboxPipeline pipeline(false);
    finished = WIFEXITED(pipeline.run_in_child(at));
    if (!fs::exists(pipeline.box())) {
      continue;
    }
    std::ofstream(pipeline.box(), std::ios::binary | std::ios::app) << his;
    const run::RunReport report = pipeline.run();
    ASSERT_EQ(report.exit_code, 0) << (report.errors.empty() ? "" : report.errors.front().what);
    std::string now = pipeline.octets();
    const std::size_t where = now.find(his);
    ASSERT_NE(where, std::string::npos) << "his is lost";
    now.erase(where, his.size());
    ASSERT_EQ(now.size(), ours);
    ASSERT_EQ(now, reference.octets());
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace mailpipe::test
