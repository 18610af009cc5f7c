#pragma once

#include "crash/power_pipeline.hpp"
#include "support/crash_fs.hpp"
#include "support/crash_images.hpp"
#include "support/journal_vfs.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace mailpipe::test {

/// How many of the ways in which the power may go are tried.
struct PowerEffort {
  std::size_t few = 64;   ///< all combinations, where there are no more than so many
  std::size_t more = 8;   ///< else so many at random beside the plain ones
  std::size_t every = 1;  ///< of the images, each so-manieth is tried
  unsigned seed = 20261122;
  double most_sampled = 1;  ///< share of the steps after which not all ways may be tried
};

/// Two runs of a pipeline, written down; then the power goes after each thing that they did to the disk, in many ways, and a
/// plain run must make of what is left what the undisturbed runs made.
class PowerCut {
 public:
  explicit PowerCut(PowerCase which) : case_(std::move(which)), recorded_(case_) {
    journal_ = std::make_unique<DiskJournal>(recorded_.dir.path().string());
    CrashFs crash(recorded_.posix_fs, *journal_);
    recorded_.file_ops = &crash;
    for (Stage& stage : stages_) {
      if (&stage != stages_.data()) {
        recorded_.second();
      }
      const JournalVfs vfs(*journal_);
      const run::RunReport report = recorded_.run();
      EXPECT_EQ(report.exit_code, 0) << why(report);
      stage = {journal_->changes().size(), recorded_.tree()};
    }
    calls_ = crash.calls();
  }

  void try_all(const PowerEffort& effort) {
    std::minstd_rand random(effort.seed);
    CrashDisk disk(journal_->nodes());
    std::set<std::size_t> seen;
    std::size_t images = 0;
    std::size_t tried = 0;
    std::size_t stage = 0;
    std::size_t sampled = 0;  // steps after which there are too many ways
    const auto& changes = journal_->changes();
    for (std::size_t step = 0; step < changes.size(); ++step) {
      if (step == stages_[stage].end) {
        ++stage;
        seen.clear();  // the same disk, and other mail on the server
      }
      disk.apply(changes[step]);
      sampled += disk.ways() > static_cast<double>(effort.few) ? 1 : 0;
      for (const Crash& crash : disk.crashes(effort.few, effort.more, random)) {
        const CrashImage image = disk.image(crash);
        if (!seen.insert(image.signature()).second || ++images % effort.every != 0) {
          continue;
        }
        ++tried;
        try_one(image, stage);
        if (testing::Test::HasFailure()) {
          ADD_FAILURE() << "seed " << effort.seed << ", after step " << step + 1 << " of "
                        << changes.size() << ", " << text_of(changes[step]) << ": " << crash.text()
                        << "\n"
                        << before(step);
          return;
        }
      }
    }
    std::printf(
        "%s: %zu file operations, %zu steps, %zu of them not in all ways, %zu different "
        "images, %zu tried, seed %u\n",
        case_.name.c_str(), static_cast<std::size_t>(calls_), changes.size(), sampled, images,
        tried, effort.seed);
    EXPECT_LE(static_cast<double>(sampled),
              effort.most_sampled * static_cast<double>(changes.size()));
    EXPECT_GT(images, 50U) << "is the seam still in use?";
    EXPECT_GT(tried, 0U);
  }

 private:
  struct Stage {
    std::size_t end = 0;
    std::map<std::string, std::string> tree;
  };

  static std::string why(const run::RunReport& report) {
    return report.errors.empty() ? "" : report.errors.front().what;
  }

  void try_one(const CrashImage& image, std::size_t stage) const {
    PowerPipeline pipeline(case_);
    if (stage > 0) {
      pipeline.second();
    }
    InodeFs numbers(pipeline.posix_fs, lay_out(image, journal_->nodes(), pipeline.dir.path()));
    pipeline.file_ops = &numbers;
    pipeline.expect_receipts_are_true();
    const run::RunReport report = pipeline.run();
    EXPECT_EQ(report.exit_code, 0) << why(report);
    auto tree = pipeline.tree();
    std::erase_if(tree,
                  [](const auto& file) { return file.first.find("/mp-") != file.first.npos; });
    PowerPipeline::expect_same(tree, stages_[stage].tree);
    EXPECT_EQ(pipeline.run().counts, run::Counts{}) << "nothing may be left to do";
    // What lay staged beside a plan that was torn, or in a Maildir without cur/, goes with the second run.
    PowerPipeline::expect_same(pipeline.tree(), stages_[stage].tree);
  }

  static std::string text_of(const Change& change) {
    constexpr std::array kKinds = {"name",     "unname",    "rename",    "write",
                                   "truncate", "mtime",     "sync data", "sync names",
                                   "sync all", "drop data", "drop all"};
    std::string out = kKinds.at(static_cast<std::size_t>(change.kind));
    out += " node " + std::to_string(change.node);
    if (change.folder != 0) {
      out += " in " + std::to_string(change.folder) + ": " + change.name;
    }
    if (change.to_folder != 0) {
      out += " to " + std::to_string(change.to_folder) + ": " + change.to_name;
    }
    return out;
  }

  /// What led there.
  std::string before(std::size_t step) const {
    std::string out;
    for (std::size_t i = step < 60 ? 0 : step - 60; i <= step; ++i) {
      out += std::to_string(i + 1) + " " + text_of(journal_->changes()[i]) + "\n";
    }
    return out;
  }

  PowerCase case_;
  PowerPipeline recorded_;
  std::unique_ptr<DiskJournal> journal_;
  std::array<Stage, 2> stages_;
  std::uint64_t calls_ = 0;
};

}  // namespace mailpipe::test
