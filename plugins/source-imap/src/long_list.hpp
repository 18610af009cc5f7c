#pragma once

#include "uid_set.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// Takes the UIDs out of a SEARCH, ESEARCH or VANISHED line that is longer than a line may be, while it comes: a million UIDs
/// are seven megabytes of text and may be one run.
///
/// Errors  Throws Error (Item) for what is no UID, and past a million runs.
class LongList {
 public:
  static bool is_one(std::string_view line_so_far);

  /// Takes all complete UIDs out of the line; what is left reads as a line with the last few.
  void drain(std::string& line);

  /// All that were taken; leaves none.
  UidSet take();

  bool empty() const noexcept { return runs_.empty(); }

 private:
  void add(std::string_view text);

  std::vector<UidSet::Range> runs_;
};

}  // namespace mailpipe::imap
