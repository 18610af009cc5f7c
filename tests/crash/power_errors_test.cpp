// Each call of the seam fails, in each way that a disk has; then the power goes.
#include "crash/power_pipeline.hpp"
#include "support/crash_fs.hpp"
#include "support/crash_images.hpp"
#include "support/journal_vfs.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <random>

namespace mailpipe::test {
namespace {

/// What goes wrong at one call, and perhaps from then on.
struct DiskError {
  enum class Lasts : std::uint8_t {
    Once,
    Broken,  ///< every call from then on: as good as a kill
    Full,    ///< every call that needs room
  };

  std::uint64_t nth = 0;   ///< 0: none
  std::size_t choice = 0;  ///< of those that the call may meet
  Lasts lasts = Lasts::Once;
};

constexpr int kShort = 0;  ///< no error: half of what was to be moved

std::vector<int> errors_of(FsCall call) {
  switch (call) {
    case FsCall::Openat:
      return {EIO, EMFILE, ENOSPC, EDQUOT};
    case FsCall::Write:
    case FsCall::Pwrite:
      return {EIO, ENOSPC, EDQUOT, kShort};
    case FsCall::Pread:
      return {EIO, kShort};
    case FsCall::Linkat:
    case FsCall::Rename:
    case FsCall::RenameNoreplace:
      return {EIO, ENOSPC, EDQUOT, EXDEV};
    case FsCall::Close:
    case FsCall::Mkdirat:
    case FsCall::Fdatasync:
    case FsCall::Fsync:
    case FsCall::Syncfs:
      return {EIO, ENOSPC, EDQUOT};
    default:
      return {EIO};
  }
}

bool needs_room(FsCall call) {
  return call == FsCall::Write || call == FsCall::Pwrite || call == FsCall::Mkdirat ||
         call == FsCall::Linkat;
}

class ErrorFs final : public ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;

  void fail(const DiskError& error) {
    const std::lock_guard lock(mutex_);
    error_ = error;
    seen_ = 0;
    choices_ = 0;
    all_lost_ = false;
  }

  /// How many errors the call could have met; 0: it did not come to pass.
  std::size_t choices() const {
    const std::lock_guard lock(mutex_);
    return choices_;
  }

 protected:
  int before(FsCall call) noexcept override {
    const std::lock_guard lock(mutex_);
    halve_ = false;
    if (error_.nth == 0 || ++seen_ < error_.nth) {
      return 0;
    }
    if (seen_ == error_.nth) {
      const std::vector<int> errors = errors_of(call);
      choices_ = errors.size();
      if (error_.lasts == DiskError::Lasts::Once) {
        const int error = errors.at(error_.choice % errors.size());
        halve_ = error == kShort;
        all_lost_ = call == FsCall::Syncfs;
        return -error;
      }
    }
    if (all_lost_ && (call == FsCall::Syncfs || call == FsCall::Fdatasync)) {
      return -EIO;  // the kernel tells each descriptor
    }
    if (error_.lasts == DiskError::Lasts::Broken) {
      return call == FsCall::Close ? 0 : -EIO;
    }
    return error_.lasts == DiskError::Lasts::Full && needs_room(call) ? -ENOSPC : 0;
  }

  std::size_t shortened(std::size_t n) noexcept override {
    const std::lock_guard lock(mutex_);
    return std::exchange(halve_, false) ? (n + 1) / 2 : n;
  }

 private:
  mutable std::mutex mutex_;
  DiskError error_;
  std::uint64_t seen_ = 0;
  std::size_t choices_ = 0;
  bool halve_ = false;
  bool all_lost_ = false;  ///< what one syncfs could not write concerns every file
};

using Tree = std::map<std::string, std::string>;

/// A pipeline whose second-to-last run meets the error; one that nobody disturbs comes after it.
class ErrorRun {
 public:
  ErrorRun(const PowerCase& which, std::size_t stage)
      : case_(which),
        stage_(stage),
        pipeline_(which),
        journal_(pipeline_.dir.path().string()),
        errors_(pipeline_.posix_fs),
        crash_(errors_, journal_) {
    pipeline_.file_ops = &crash_;
    if (stage_ > 0) {
      run();
      pipeline_.second();
    }
  }

  run::RunReport run(const DiskError& error = {}) {
    const JournalVfs vfs(journal_);
    errors_.fail(error);
    run::RunReport report = pipeline_.run();
    choices_ = error.nth == 0 ? choices_ : errors_.choices();
    errors_.fail({});
    return report;
  }

  std::size_t choices() const { return choices_; }

  /// With what lies staged, which the next run takes away, or without.
  Tree tree(bool staged = true) const { return tree_of(pipeline_, staged); }

  /// What no sync covers is gone: the next run makes of the rest what it would have made anyway.
  void expect_all_after_a_power_cut(const Tree& wanted) {
    CrashDisk disk(journal_.nodes());
    for (const Change& change : journal_.changes()) {
      disk.apply(change);
    }
    std::minstd_rand random;
    const std::vector<Crash> crashes = disk.crashes(0, 0, random);
    for (const std::size_t kept : {0U, 2U}) {  // no names, all names
      PowerPipeline after(case_);
      if (stage_ > 0) {
        after.second();
      }
      InodeFs numbers(after.posix_fs,
                      lay_out(disk.image(crashes.at(kept)), journal_.nodes(), after.dir.path()));
      after.file_ops = &numbers;
      after.expect_receipts_are_true();
      const run::RunReport report = after.run();
      EXPECT_EQ(report.exit_code, 0) << "after a power cut: " << text_of(report);
      PowerPipeline::expect_same(tree_of(after, false), wanted);
    }
  }

  void expect_receipts_are_true() {
    PosixFs plain;
    pipeline_.file_ops = &plain;
    pipeline_.expect_receipts_are_true();
    pipeline_.file_ops = &crash_;
  }

  static std::string text_of(const run::RunReport& report) {
    return "exit " + std::to_string(report.exit_code) + ", " +
           (report.errors.empty() ? "no error" : report.errors.front().what);
  }

 private:
  static Tree tree_of(const PowerPipeline& pipeline, bool staged) {
    Tree out = pipeline.tree();
    if (!staged) {
      std::erase_if(out,
                    [](const auto& file) { return file.first.find("/mp-") != std::string::npos; });
    }
    return out;
  }

  PowerCase case_;
  std::size_t stage_;
  PowerPipeline pipeline_;
  DiskJournal journal_;
  ErrorFs errors_;
  CrashFs crash_;
  std::size_t choices_ = 0;
};

class PowerErrors : public testing::TestWithParam<PowerCase> {
 protected:
  /// Every so-manieth call; all errors of it, or one.
  void try_all(std::uint64_t every, bool all) {
    std::uint64_t tried = 0;
    for (const std::size_t stage : {0U, 1U}) {
      ErrorRun undisturbed(GetParam(), stage);
      ASSERT_EQ(undisturbed.run().exit_code, 0);
      wanted_ = undisturbed.tree();
      for (std::uint64_t nth = 1 + stage; try_call(stage, nth, all, tried); nth += every) {
      }
      if (HasFailure()) {
        return;
      }
    }
    std::printf("%s: %zu errors\n", GetParam().name.c_str(), static_cast<std::size_t>(tried));
    EXPECT_GT(tried, 15U) << "is the seam still in use?";
  }

 private:
  /// False: there is no such call, or a failure.
  bool try_call(std::size_t stage, std::uint64_t nth, bool all, std::uint64_t& tried) {
    using Lasts = DiskError::Lasts;
    if (!all) {
      constexpr std::array kLasts = {Lasts::Once, Lasts::Broken, Lasts::Once, Lasts::Full};
      const bool hit = try_one(stage, {nth, tried / 2, kLasts.at(tried % kLasts.size())}) > 0;
      tried += hit ? 1 : 0;
      return hit && !HasFailure();
    }
    std::size_t choices = 1;
    for (std::size_t choice = 0; choice < choices && !HasFailure(); ++choice) {
      choices = try_one(stage, {nth, choice, Lasts::Once});
      tried += choices > 0 ? 1 : 0;
    }
    for (const Lasts lasts : {Lasts::Broken, Lasts::Full}) {
      if (choices > 0 && !HasFailure()) {
        ++tried;
        try_one(stage, {nth, 0, lasts});
      }
    }
    return choices > 0 && !HasFailure();
  }

  std::size_t try_one(std::size_t stage, const DiskError& error) {
    ErrorRun run(GetParam(), stage);
    const run::RunReport report = run.run(error);
    if (run.choices() == 0) {
      return 0;
    }
    if (report.exit_code == 0) {
      Tree now = run.tree(false);
      std::erase_if(now, [](const auto& file) { return file.first.ends_with(".lock"); });
      PowerPipeline::expect_same(now, wanted_);  // what it could not take away the next run does
    } else {
      EXPECT_FALSE(report.errors.empty()) << "and does not say why";
    }
    run.expect_receipts_are_true();
    run.expect_all_after_a_power_cut(wanted_);
    const run::RunReport next = run.run();
    EXPECT_EQ(next.exit_code, 0) << "the next run: " << ErrorRun::text_of(next);
    PowerPipeline::expect_same(run.tree(false), wanted_);
    run.expect_all_after_a_power_cut(wanted_);
    if (HasFailure()) {
      ADD_FAILURE() << "run " << stage + 1 << ", call " << error.nth << ", error " << error.choice
                    << (error.lasts == DiskError::Lasts::Broken ? " and all after it"
                        : error.lasts == DiskError::Lasts::Full ? ", and no room from then on"
                                                                : "")
                    << ": " << ErrorRun::text_of(report);
    }
    return run.choices();
  }

  Tree wanted_;
};

#ifdef MAILPIPE_POWER_FULL
TEST_P(PowerErrors, AtEachCallAreSaidAndTheNextRunMakesUpForThem) {
  try_all(1, true);
}
#else
TEST_P(PowerErrors, AtSomeCallsAreSaidAndTheNextRunMakesUpForThem) {
  try_all(7, false);
}
#endif

INSTANTIATE_TEST_SUITE_P(Small, PowerErrors,
                         testing::Values(PowerCase{"Eml", {"eml"}},
                                         PowerCase{"Sidecars", {"sidecars"}},
                                         PowerCase{"Maildir", {"maildir"}},
                                         PowerCase{"Mbox", {"mbox"}},
                                         PowerCase{"Mboxes", {"mboxes"}},
                                         PowerCase{"Syncfs", {"eml", "maildir"}, 3, 3, "syncfs"}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace mailpipe::test
