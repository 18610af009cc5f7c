#pragma once

#include <cstdint>
#include <string>

namespace mailpipe::jmap {

/// Finds out whether a server leads us in a circle, however long, while keeping one value only (Brent's algorithm): tell it
/// each page's anchor or state.
class LoopGuard {
 public:
  /// True when this value came before. A circle is found within three of its rounds.
  bool repeats(const std::string& value) {
    if (seen_any_ && value == kept_) {
      return true;
    }
    if (!seen_any_ || ++since_kept_ == next_keep_) {
      seen_any_ = true;
      kept_ = value;
      since_kept_ = 0;
      next_keep_ *= 2;
    }
    return false;
  }

 private:
  std::string kept_;
  bool seen_any_ = false;
  std::uint64_t since_kept_ = 0;
  std::uint64_t next_keep_ = 1;
};

}  // namespace mailpipe::jmap
