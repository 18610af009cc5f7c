// The power goes while a rebuild puts the ledger aside.
#include "fs/posix_fs.hpp"
#include "state/put_aside.hpp"
#include "support/crash_fs.hpp"
#include "support/crash_images.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/testing/faulty_fs.hpp>
#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <random>
#include <string>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

struct PowerOfARebuild : testing::Test {
  PowerOfARebuild() { fs::create_directory(dir.path() / "state"); }

  void write(const std::string& name, const std::string& octets) {
    const std::string path = state() / name;
    File file(crash, crash.openat(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600),
              path);
    file.write_all(octets);
    file.sync_data();
  }

  void put_aside_an_old_one(Fs& through) {
    write("ledger.db.before-rebuild", "older");
    write("ledger.db", "ledger");
    write("ledger.db-wal", "log");
    sync_names(state());
    sync_names(dir.path());
    begin = journal.changes().size();
    EXPECT_EQ(state::put_aside(through, state() / "ledger.db"), "ledger.db.before-rebuild-2");
  }

  /// Whatever a power cut leaves, from before it was put aside.
  void for_each_image(const std::function<bool(const CrashImage&)>& is_well) {
    CrashDisk disk(journal.nodes());
    std::minstd_rand random(20261123);
    std::size_t images = 0;
    for (std::size_t step = 0; step < journal.changes().size(); ++step) {
      disk.apply(journal.changes()[step]);
      if (step + 1 < begin) {
        continue;
      }
      for (const Crash& way : disk.crashes(1024, 0, random)) {
        ++images;
        EXPECT_TRUE(is_well(disk.image(way)))
            << "after step " << step + 1 - begin << ": " << way.text();
      }
    }
    EXPECT_GT(images, 8U);
  }

  void sync_names(const fs::path& folder) { open_dir(crash, AT_FDCWD, folder.string()).sync(); }

  fs::path state() const { return dir.path() / "state"; }

  TempDir dir{TempDir::fast_parent()};
  PosixFs posix;
  DiskJournal journal{dir.path().string()};
  CrashFs crash{posix, journal};
  std::size_t begin = 0;  ///< of what put_aside() did
};

bool lies(const CrashImage& image, const std::string& name, const std::string& octets) {
  const auto found = image.entries.find("state/" + name);
  return found != image.entries.end() && found->second.octets == octets;
}

bool lies_with_its_log(const CrashImage& image, const std::string& name) {
  return lies(image, name, "ledger") && lies(image, name + "-wal", "log");
}

TEST_F(PowerOfARebuild, NeverPartsALedgerFromItsLog) {
  put_aside_an_old_one(crash);
  for_each_image([](const CrashImage& image) {
    return lies(image, "ledger.db.before-rebuild", "older") &&
           (lies_with_its_log(image, "ledger.db") ||
            lies_with_its_log(image, "ledger.db.before-rebuild-2"));
  });
  EXPECT_FALSE(fs::exists(state() / "ledger.db-wal")) << "a new ledger would take it for its own";
}

TEST_F(PowerOfARebuild, NeverLeavesALedgerInItsPlaceWithoutItsLogWhereThereAreNoLinks) {
  FaultyFs without_links(crash);
  without_links.fail({.kind = FsCall::Linkat, .error = EPERM, .lasts = true});
  put_aside_an_old_one(without_links);
  for_each_image([](const CrashImage& image) {
    return lies_with_its_log(image, "ledger.db") ||
           lies(image, "ledger.db.before-rebuild-2", "ledger");
  });
  EXPECT_EQ(fs::file_size(state() / "ledger.db.before-rebuild-2-wal"), 3U);
}

TEST_F(PowerOfARebuild, ADiskThatRefusesALinkEndsItAndAllIsWhereItWas) {
  write("ledger.db", "ledger");
  write("ledger.db-wal", "log");
  FaultyFs broken(crash);
  broken.fail({.kind = FsCall::Linkat, .error = EIO});
  EXPECT_THROW(state::put_aside(broken, state() / "ledger.db"), Error);
  EXPECT_TRUE(fs::exists(state() / "ledger.db"));
  EXPECT_TRUE(fs::exists(state() / "ledger.db-wal"));
}

TEST_F(PowerOfARebuild, FollowsALinkToTheStateFolder) {
  write("ledger.db", "ledger");
  fs::create_directory_symlink(state(), dir.path() / "link");
  EXPECT_EQ(state::put_aside(posix, dir.path() / "link" / "ledger.db"), "ledger.db.before-rebuild");
  EXPECT_TRUE(fs::exists(state() / "ledger.db.before-rebuild"));
}

}  // namespace
}  // namespace mailpipe::test
