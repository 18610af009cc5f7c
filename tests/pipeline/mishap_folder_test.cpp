#include "pipeline/mishap_fixture.hpp"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

/// A file system in memory on a folder; only where this process may mount.
class SmallDisk {
 public:
  explicit SmallDisk(fs::path where) : where_(std::move(where)) {
    fs::create_directory(where_);
    mounted_ = ::mount("tmpfs", where_.c_str(), "tmpfs", 0, "size=1m,mode=0700") == 0;
  }

  ~SmallDisk() {
    if (mounted_) {
      ::umount2(where_.c_str(), MNT_DETACH);
    }
  }

  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const noexcept { return mounted_; }

  bool remount(unsigned long flags, const char* options) const {
    return ::mount("tmpfs", where_.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
  }

 private:
  fs::path where_;
  bool mounted_ = false;
};

class MishapFolder : public MishapRun {};

TEST_F(MishapFolder, AMissingOneIsMadeForThisUserOnly) {
  expect_whole_after_a_quiet_run();
  EXPECT_EQ(fs::status(mail_).permissions(), fs::perms(0700));
}

TEST_F(MishapFolder, MissingParentsAreMadeToo) {
  mail_ = dir_ / "a/b/mail";
  expect_whole_after_a_quiet_run({.path = "./a/b/mail"});
}

TEST_F(MishapFolder, AFileInItsPlaceIsExit2) {
  std::ofstream(mail_) << "x";
  expect_end(run(), 2, {"mail'", "Not a directory"});
  fs::remove(mail_);
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapFolder, OneThatOthersMayWriteIsExit2) {
  fs::create_directory(mail_);
  fs::permissions(mail_, fs::perms(0777));
  expect_end(run(), 2, {"others may write to the folder", "chmod go-w"});
  fs::permissions(mail_, fs::perms(0700));
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapFolder, OneOfAnotherUserIsExit2) {
  fs::create_directory(mail_);
  if (::chown(mail_.c_str(), 12345, 12345) != 0) {
    GTEST_SKIP() << "needs root";
  }
  expect_end(run(), 2, {"belongs to another user", "chown"});
  ASSERT_EQ(::chown(mail_.c_str(), ::geteuid(), ::getegid()), 0);
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapFolder, AReadOnlyDiskIsExit2) {
  const SmallDisk disk(mail_);
  if (!disk.mounted() || !disk.remount(MS_RDONLY, "size=1m")) {
    GTEST_SKIP() << "may not mount";
  }
  expect_end(run(), 2, {"Read-only file system", "you may write to it"});
  ASSERT_TRUE(disk.remount(0, "size=1m"));
  expect_whole_after_a_quiet_run();
}

TEST_F(MishapFolder, AFullDiskIsExit6AndKeepsWhatWasStored) {
  const SmallDisk disk(mail_);
  if (!disk.mounted()) {
    GTEST_SKIP() << "may not mount";
  }
  for (int i = 0; i < 10; ++i) {
    add("large" + std::to_string(i), 200'000);
  }
  expect_end(run(), 6, {"No space left on device", "free some space and run again"});
  EXPECT_LT(stored().size(), expected_.size());
  expect_end(run(), 6, {"No space left on device"});
  ASSERT_TRUE(disk.remount(0, "size=64m"));
  expect_whole_after_a_quiet_run();
}

}  // namespace
}  // namespace mailpipe::test
