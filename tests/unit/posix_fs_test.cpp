#include "fs/posix_fs.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/testing/counting_fs.hpp>
#include <mailpipe/testing/faulty_fs.hpp>
#include <mailpipe/testing/temp_dir.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace mailpipe {
namespace {

struct PosixFsTest : testing::Test {
  File make(const std::string& name, const std::string& text) {
    File file(fs, fs.openat(root.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600), name);
    file.write_all(text);
    return file;
  }

  std::string content(const std::string& name) const {
    std::ifstream in(dir / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  test::TempDir dir;
  PosixFs fs;
  File root = open_dir(fs, AT_FDCWD, dir.path().string());
};

TEST_F(PosixFsTest, ForcesCloseOnExec) {
  const File file = make("a", "");
  EXPECT_EQ(::fcntl(file.fd(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(PosixFsTest, NeverReplacesAFileOnPublish) {
  make("a", "new");
  make("b", "old");
  EXPECT_EQ(fs.rename_noreplace(root.fd(), "a", root.fd(), "b"), -EEXIST);
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(content("b"), "old");
  EXPECT_EQ(fs.rename_noreplace(root.fd(), "a", root.fd(), "c"), 0);
  EXPECT_EQ(content("c"), "new");
  EXPECT_FALSE(std::filesystem::exists(dir / "a"));
}

TEST_F(PosixFsTest, SetsTheTimeOfAFile) {
  make("a", "text").set_mtime(1234567890);
  FileInfo info;
  ASSERT_EQ(fs.stat(root.fd(), "a", info), 0);
  EXPECT_EQ(info.mtime, 1234567890);
  EXPECT_EQ(info.size, 4U);
  EXPECT_EQ(info.mode & 07777U, 0600U);
}

TEST_F(PosixFsTest, StatsTheFolderItselfForAnEmptyPath) {
  FileInfo info;
  ASSERT_EQ(fs.stat(root.fd(), "", info), 0);
  EXPECT_TRUE(S_ISDIR(info.mode));
}

TEST_F(PosixFsTest, StatFollowsNoLink) {
  std::filesystem::create_symlink("/etc/passwd", dir / "l");
  FileInfo info;
  ASSERT_EQ(fs.stat(root.fd(), "l", info), 0);
  EXPECT_TRUE(S_ISLNK(info.mode));
}

TEST_F(PosixFsTest, ListsTheSameNamesTwice) {
  make("a", "");
  make("b", "");
  for (int round = 0; round < 2; ++round) {
    std::vector<std::string> names;
    ASSERT_EQ(fs.list(root.fd(), [&](std::string_view name) { names.emplace_back(name); }), 0);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
  }
}

TEST_F(PosixFsTest, AnswersWithTheErrorNumber) {
  EXPECT_EQ(fs.openat(root.fd(), "none", O_RDONLY, 0), -ENOENT);
  EXPECT_EQ(fs.close(-1), -EBADF);
  EXPECT_EQ(fs.unlinkat(root.fd(), "none", 0), -ENOENT);
  EXPECT_EQ(fs.list(-1, [](std::string_view) {}), -EBADF);
}

TEST_F(PosixFsTest, CountingFsCountsByKind) {
  test::CountingFs counting(fs);
  FileInfo info;
  counting.stat(root.fd(), "", info);
  counting.fsync(root.fd());
  counting.syncfs(root.fd());
  EXPECT_EQ(counting.count(test::FsCall::Stat), 1U);
  EXPECT_EQ(counting.syncs(), 2U);
  EXPECT_EQ(counting.total(), 3U);
}

TEST_F(PosixFsTest, FaultyFsFailsTheNthCallOfAKindOnce) {
  test::FaultyFs faulty(fs);
  faulty.fail({.kind = test::FsCall::Fsync, .nth = 2, .error = EIO});
  EXPECT_EQ(faulty.syncfs(root.fd()), 0);
  EXPECT_EQ(faulty.fsync(root.fd()), 0);
  EXPECT_FALSE(faulty.hit());
  EXPECT_EQ(faulty.fsync(root.fd()), -EIO);
  EXPECT_TRUE(faulty.hit());
  EXPECT_EQ(faulty.fsync(root.fd()), 0);
}

TEST_F(PosixFsTest, FaultyFsMakesWritesShortAndTheFileIsWholeAllTheSame) {
  test::FaultyFs faulty(fs);
  faulty.shorten(3);
  File file(faulty, faulty.openat(root.fd(), "a", O_WRONLY | O_CREAT, 0600), "a");
  file.write_all("ten octets");
  file.close();
  EXPECT_EQ(content("a"), "ten octets");
}

}  // namespace
}  // namespace mailpipe
