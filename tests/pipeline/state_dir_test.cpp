// The folder of the ledger: sinks last only as long as what knows of them.
#include "run/state_dir.hpp"

#include "fs/posix_fs.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>
#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace mailpipe::test {
namespace {

namespace stdfs = std::filesystem;

/// Remembers which folders were synced.
class SyncsOfFolders final : public ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;

  int fsync(int fd) noexcept override {
    synced.insert(stdfs::read_symlink("/proc/self/fd/" + std::to_string(fd)));
    return ForwardingFs::fsync(fd);
  }

  std::set<stdfs::path> synced;

 protected:
  int before(FsCall /*call*/) noexcept override { return 0; }
};

struct StateDir : testing::Test {
  TempDir dir;
  PosixFs posix_fs;
  SyncsOfFolders fs{posix_fs};
};

TEST_F(StateDir, HasAllItsNewNamesOnTheDisk) {
  run::make_state_dir(fs, dir / "a/b/state");
  EXPECT_TRUE(stdfs::exists(run::spool_dir_in(dir / "a/b/state")));
  EXPECT_EQ(fs.synced, (std::set<stdfs::path>{dir.path(), dir / "a", dir / "a/b"}));
}

TEST_F(StateDir, ThatAKilledRunMadeHasItsNameOnTheDisk) {
  stdfs::create_directory(dir / "state");
  run::make_state_dir(fs, dir / "state/");
  EXPECT_EQ(fs.synced, (std::set<stdfs::path>{dir.path()}));
}

TEST_F(StateDir, WithALedgerCostsNoSync) {
  stdfs::create_directory(dir / "state");
  std::ofstream(dir / "state/ledger.db") << "x";
  run::make_state_dir(fs, dir / "state");
  EXPECT_TRUE(fs.synced.empty());
}

TEST_F(StateDir, MayLieBehindALink) {
  stdfs::create_directory(dir / "there");
  stdfs::create_directory_symlink(dir / "there", dir / "here");
  run::make_state_dir(fs, dir / "here/state");
  EXPECT_EQ(fs.synced, (std::set<stdfs::path>{dir / "there"}));
}

}  // namespace
}  // namespace mailpipe::test
