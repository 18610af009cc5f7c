// A real file system goes away in the middle of a run, with all that was not synced, and comes back.
#include "pipeline/cli.hpp"
#include "support/fake_jmap.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <semaphore>
#include <set>
#include <string>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);  // EXT4_IOC_SHUTDOWN

/// An ext4 in a file, mounted. Its end unmounts it.
class Ext4 {
 public:
  /// Says why there is none.
  std::optional<std::string> make() {
    if (::geteuid() != 0) {
      return "only root may mount";
    }
    std::ofstream(image_).close();
    fs::resize_file(image_, std::uintmax_t{64} << 20U);
    fs::create_directory(path());
    const Finished made = sh("mkfs.ext4 -q -F " + image_.string());
    return made.exit_code != 0 ? made.err : mount();
  }

  ~Ext4() { unmount(); }

  std::optional<std::string> mount() {
    const Finished done = sh("mount -t ext4 -o loop " + image_.string() + " " + path().string());
    mounted_ = done.exit_code == 0;
    return mounted_ ? std::nullopt : std::optional("no loop device: " + done.err);
  }

  void unmount() {
    if (mounted_) {
      EXPECT_EQ(sh("umount " + path().string()).exit_code, 0);
      mounted_ = false;
    }
  }

  /// What is not on the disk by now is lost.
  void cut_power() const {
    const int fd = ::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::uint32_t without_flushing = 2;
    EXPECT_EQ(::ioctl(fd, kShutdown, &without_flushing), 0);
    ::close(fd);
  }

  fs::path path() const { return dir_ / "disk"; }

  const TempDir& dir() const { return dir_; }

 private:
  static Finished sh(const std::string& command) {
    return run_process({"/bin/sh", "-c", "PATH=$PATH:/sbin:/usr/sbin " + command});
  }

  TempDir dir_;
  fs::path image_ = dir_ / "image";
  bool mounted_ = false;
};

class PowerOfExt4 : public testing::Test {
 protected:
  static constexpr int kMessages = 30;

  void SetUp() override {
    for (int i = 0; i < kMessages; ++i) {
      const std::string id = "m" + std::to_string(i);
      std::string bytes = "Subject: " + id + "\r\n\r\n" + std::string(3000, 'x') + "\r\n";
      messages_.insert(bytes);
      server_.add({.id = id, .bytes = std::move(bytes)});
    }
  }

  Finished run(const Ext4& disk, const std::string& command = "run") {
    const std::string file = (disk.dir() / "demo.yaml").string();
    std::ofstream(file)
        << "version: 1\nname: demo\nsource:\n  type: jmap\n  with:\n    session_url: "
        << server_.session_url()
        << "\n    token: { $env: POWER_TOKEN }\nsinks:\n"
           "  - { type: eml, with: { path: ./disk/eml } }\n"
           "  - { type: maildir, with: { path: ./disk/maildir } }\n"
           "  - { type: mbox, with: { path: ./disk/mbox } }\n"
           "run:\n  retry: { budget: 1s, max_backoff: 1s }\n"
           "  batch: { messages: 4 }\n";
    return mailpipe({command, file}, {{"XDG_STATE_HOME", (disk.path() / "state").string()},
                                      {"POWER_TOKEN", "token"}});
  }

  static std::multiset<std::string> files(const fs::path& folder, const std::string& holds) {
    std::multiset<std::string> out;
    for (const auto& each : fs::recursive_directory_iterator(folder)) {
      const std::string name = each.path().filename().string();
      if (each.is_regular_file() && name.find(holds) != std::string::npos) {
        std::ifstream in(each.path(), std::ios::binary);
        out.emplace(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      }
    }
    return out;
  }

  void expect_all_once(const Ext4& disk) const {
    EXPECT_EQ(files(disk.path() / "eml", ".eml"), messages_);
    EXPECT_EQ(files(disk.path() / "maildir", ".mailpipe,"), messages_);
    std::size_t in_boxes = 0;
    for (const std::string& box : files(disk.path() / "mbox", "")) {
      for (std::size_t at = box.find("\nSubject: m"); at != box.npos;
           at = box.find("\nSubject: m", at + 1)) {
        ++in_boxes;
      }
    }
    EXPECT_EQ(in_boxes, static_cast<std::size_t>(kMessages));
    for (const auto& each : fs::recursive_directory_iterator(disk.path())) {
      EXPECT_FALSE(each.path().filename().string().starts_with("mp-")) << each.path();
    }
  }

  FakeJmap server_;
  std::multiset<std::string> messages_;
};

TEST_F(PowerOfExt4, GoesInARunAndTheNextEndsAsIfItHadNot) {
  int cut = 0;
  for (int download = 1; download <= kMessages; download += 6) {
    SCOPED_TRACE("the power goes at download " + std::to_string(download));
    Ext4 disk;
    if (const auto why = disk.make()) {
      GTEST_SKIP() << "POWER CUT NOT TRIED on a real file system: " << *why;
    }
    std::atomic<int> seen{0};
    std::binary_semaphore gone{0};  // the run may end while the disk is still going
    server_.on_request([&](const HttpSeen& request) -> std::optional<Reply> {
      if (request.target.find("/download") != std::string::npos && ++seen == download) {
        disk.cut_power();
        ++cut;
        gone.release();
      }
      return std::nullopt;
    });
    EXPECT_NE(run(disk).exit_code, 0);
    ASSERT_TRUE(gone.try_acquire_for(std::chrono::seconds(10)));
    server_.on_request({});
    disk.unmount();
    ASSERT_EQ(disk.mount(), std::nullopt);
    const Finished next = run(disk);
    ASSERT_EQ(next.exit_code, 0) << next.out << next.err;
    expect_all_once(disk);
    const Finished verified = run(disk, "verify");
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  }
  EXPECT_GE(cut, 5);
}

/// After the run the power goes at once: what was told of as stored is there.
TEST_F(PowerOfExt4, GoesAfterARunAndNothingIsFetchedAgain) {
  Ext4 disk;
  if (const auto why = disk.make()) {
    GTEST_SKIP() << "POWER CUT NOT TRIED on a real file system: " << *why;
  }
  ASSERT_EQ(run(disk).exit_code, 0);
  disk.cut_power();
  disk.unmount();
  ASSERT_EQ(disk.mount(), std::nullopt);
  expect_all_once(disk);
  std::atomic<int> downloads{0};
  server_.on_request([&](const HttpSeen& request) -> std::optional<Reply> {
    downloads += request.target.find("/download") != std::string::npos ? 1 : 0;
    return std::nullopt;
  });
  EXPECT_EQ(run(disk).exit_code, 0);
  EXPECT_EQ(downloads, 0);
  expect_all_once(disk);
}

}  // namespace
}  // namespace mailpipe::test
