#pragma once

#include "mboxrd.hpp"

#include <mailpipe/file.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::mbox {

/// A box as we left it.
struct BoxNote {
  std::vector<std::string> path;  ///< of its mailbox; empty with layout single
  std::uint64_t inode = 0, length = 0;
};

/// A part of a staging file.
struct Range {
  std::size_t stage = 0;  ///< which of Append::stages
  std::uint64_t offset = 0, length = 0;
  Ends ends;
};

/// What is, or was, to be appended to one box.
struct BoxAppend {
  std::string box;
  std::uint64_t inode = 0;
  std::uint64_t old_length = 0;
  std::uint64_t lead = 0;  ///< newlines that go before: somebody's last message did not end in them
  std::vector<Range> ranges;
  bool done = false;  ///< whole, synced

  /// Recovery found a part of it and somebody's message behind that: his octets, put aside.
  struct Rescue {
    std::string file;
    std::uint64_t from = 0;   ///< where in the box they lay
    std::uint64_t total = 0;  ///< the length of the box then
  };

  std::optional<Rescue> rescue;

  std::uint64_t length() const {
    std::uint64_t sum = lead;
    for (const Range& range : ranges) {
      sum += range.length;
    }
    return sum;
  }
};

/// What is known of the boxes, and the last batch: the file "boxes.json" in our own folder. It is
/// written before a batch is appended, so that recovery knows what is ours behind the old length, and
/// after it.
///
/// Durability  save() replaces the file: after a power cut the old one is there or the new one; the
///             new one for certain if `durable`.
struct Record {
  std::map<std::string, BoxNote> boxes;
  std::vector<std::string> stages;
  std::vector<BoxAppend> appends;

  static constexpr const char* kName = "boxes.json";

  /// Empty when there is no file. Throws Permanent when it is not to be understood.
  static Record load(Fs& fs, const File& own);

  void save(Fs& fs, File& own, bool durable) const;
};

}  // namespace mailpipe::mbox
