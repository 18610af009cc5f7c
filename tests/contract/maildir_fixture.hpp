#pragma once

#include "fs/posix_fs.hpp"
#include "maildir_sink.hpp"

#include <mailpipe/testing/sink_fixture.hpp>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

inline Mailbox mailbox_of(std::vector<std::string> path) {
  std::string id;
  for (const std::string& component : path) {
    id += "/" + component;
  }
  return {.id = std::move(id), .path = std::move(path), .role = {}};
}

/// A Maildir sink in process, and the tree that it makes.
struct MaildirTest : testing::Test {
  MaildirTest() { reopen(); }

  std::unique_ptr<Sink> make(Host& with) const {
    return std::make_unique<maildir::MaildirSink>(Options(options.dump()), with);
  }

  void reopen() {
    options["path"] = root.string();
    sink = make(host);
    sink->open(false);
  }

  static Message in(Message one, const std::vector<std::vector<std::string>>& paths,
                    const std::vector<std::string>& keywords = {}) {
    one.item.places.clear();
    for (const auto& path : paths) {
      one.item.places.push_back(mailbox_of(path));
    }
    one.item.keywords = keywords;
    return one;
  }

  /// Stores one message; its receipts, one a place.
  std::vector<Receipt> commit(const Message& one) {
    return settle(one, sink->store(one.item, one.body()));
  }

  std::vector<Receipt> settle(const Message& one, const Staged& staged) {
    sink->sync(SyncPhase::Data);
    sink->publish(staged);
    sink->sync(SyncPhase::Names);
    return receipts(one, staged);
  }

  static std::vector<Receipt> receipts(const Message& one, const Staged& staged) {
    std::vector<Receipt> out;
    for (const Placed& placed : staged.placed) {
      Receipt receipt = one.receipt(placed.location);
      receipt.place = placed.place;
      receipt.keywords = one.item.keywords;
      out.push_back(receipt);
    }
    return out;
  }

  /// Whether one syncfs may do for many files: the folder for temporary files lies on a disk of this machine, or in its
  /// memory.
  bool syncs_whole() const {
    struct statfs info {};

    return ::statfs(dir.path().c_str(), &info) == 0 &&
           (info.f_type == EXT4_SUPER_MAGIC || info.f_type == XFS_SUPER_MAGIC ||
            info.f_type == BTRFS_SUPER_MAGIC || info.f_type == TMPFS_MAGIC);
  }

  /// The files in a folder of the tree, in order.
  std::vector<std::string> files(const std::string& folder) const {
    std::vector<std::string> out;
    if (fs::exists(root / folder)) {
      for (const auto& entry : fs::directory_iterator(root / folder)) {
        out.push_back(entry.path().filename().string());
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
  }

  std::vector<Found> found() const {
    std::vector<Found> out;
    sink->scan([&](const Found& each) { out.push_back(each); });
    return out;
  }

  /// The letters behind ":2,".
  static std::string flags(const std::string& location) {
    const std::size_t info = location.find(":2,");
    return info == std::string::npos ? "none" : location.substr(info + 3);
  }

  std::uint64_t inode(const std::string& location) const {
    struct stat info {};

    return ::stat((root / location).c_str(), &info) == 0 ? info.st_ino : 0;
  }

  /// As a reader does it.
  std::string rename(const std::string& location, const std::string& sub,
                     const std::string& letters) const {
    const fs::path from = root / location;
    const std::string name = from.filename().string();
    const fs::path to = from.parent_path().parent_path() / sub /
                        (name.substr(0, name.find(":2,")) + ":2," + letters);
    fs::rename(from, to);
    return to.lexically_relative(root).string();
  }

  TempDir dir;
  fs::path root = dir / "root";
  PosixFs posix;
  UnsyncedFs unsynced{posix};
  CountingFs counting{unsynced};
  TestHost host{counting};
  nlohmann::json options{{"sync", "auto"}};
  std::unique_ptr<Sink> sink;
};

}  // namespace mailpipe::test
