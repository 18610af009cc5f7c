#pragma once

#include "support/disk_journal.hpp"

#include <mailpipe/testing/forwarding_fs.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What became of the octets of one file that no sync covers.
enum class Fate : std::uint8_t {
  Lost,
  Kept,
  Cut,     ///< the end of what was written is missing
  Zeroed,  ///< as long as it was, and nothing but zeros in it
  Some,    ///< every other write
};

/// One of the ways in which a power cut may leave the disk.
struct Crash {
  std::vector<bool> names_kept;  ///< of the changes of names that no sync covers, in order
  std::map<Node, Fate> data;     ///< of the files with octets that no sync covers

  std::string text() const;
};

/// A disk as it is after a power cut.
struct CrashImage {
  struct Entry {
    Node node = 0;
    std::string octets;
    std::int64_t mtime = 0;  ///< 0: whenever
  };

  std::map<std::string, Entry>
      entries;  ///< by path beneath the root; folders before what lies in them

  std::size_t signature() const;  ///< equal images have the same
};

/// A disk of which some is durable and some is not yet, made from the changes of a journal one by one.
///
/// fdatasync() covers the octets of a file and its time, fsync() of a folder the names in it, and neither anything else:
/// a new file needs both. A rename is covered with the folder that it goes to. syncfs() covers all of its file system,
/// and the state is on another one than the sinks. A name may come back or go alone, whatever happened before it.
/// Octets that a sync could not write are lost, as on Linux: the next sync comes back well and does not cover them.
class CrashDisk {
 public:
  explicit CrashDisk(const std::map<Node, NodeInfo>& nodes) : nodes_(nodes) {
    folders_[DiskJournal::kRoot];
  }

  void apply(const Change& change);

  /// In how many ways the power may go now.
  double ways() const;

  /// Nothing is kept; everything is; then each thing alone is dropped, kept, cut. All combinations where there are
  /// at most `few`, else so many more at random.
  std::vector<Crash> crashes(std::size_t few, std::size_t more, std::minstd_rand& random) const;

  CrashImage image(const Crash& crash) const;

 private:
  using Folders = std::map<Node, std::map<std::string, Node>>;

  struct FileState {
    std::string durable;
    std::int64_t mtime = 0;
    std::vector<Change> pending;
  };

  void settle_data(Node node);
  void settle_names(Node folder);
  void settle_all(bool state);
  static void drop_data(FileState& file);
  std::vector<Node> dirty() const;
  Crash uniform(bool names, Fate data) const;
  void walk(const Folders& folders, const Crash& crash, Node folder, const std::string& path,
            CrashImage& out) const;
  static void rename(Folders& folders, const Change& change);
  static CrashImage::Entry entry(Node node, const FileState& file, Fate fate);

  const std::map<Node, NodeInfo>& nodes_;
  Folders folders_;            ///< durable names
  std::vector<Change> names_;  ///< not durable yet
  std::map<Node, FileState> files_;
};

/// Puts the image into an empty folder. Each file's new inode number, with the one that it had.
std::map<std::uint64_t, std::uint64_t> lay_out(const CrashImage& image,
                                               const std::map<Node, NodeInfo>& nodes,
                                               const std::filesystem::path& root);

/// Files that were copied elsewhere have the inode numbers that they had; new ones have others.
class InodeFs final : public ForwardingFs {
 public:
  InodeFs(Fs& inner, std::map<std::uint64_t, std::uint64_t> numbers)
      : ForwardingFs(inner),
        numbers_(std::move(numbers)) {}

  int stat(int dir, const char* path, FileInfo& out) noexcept override {
    const int result = ForwardingFs::stat(dir, path, out);
    if (result >= 0) {
      const auto found = numbers_.find(out.inode);
      out.inode = found != numbers_.end() ? found->second : out.inode + kNew;
    }
    return result;
  }

 protected:
  int before(FsCall /*call*/) noexcept override { return 0; }

 private:
  static constexpr std::uint64_t kNew = std::uint64_t{1} << 40U;
  const std::map<std::uint64_t, std::uint64_t> numbers_;
};

}  // namespace mailpipe::test
