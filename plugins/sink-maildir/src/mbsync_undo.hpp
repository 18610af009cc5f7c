#pragma once

#include "sha256.hpp"

#include <mailpipe/item.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace mailpipe::maildir {

/// The message as the server sent it, out of the file that mbsync or another Unix program made of
/// it: LF becomes CRLF, and mbsync's line `X-TUID: <12 letters>` in the header goes. It may be
/// wrong (a server that sends bare LF; a CR that mbsync 1.4 took away): that is why a sample of
/// what is adopted is downloaded and compared. Flat memory.
class MbsyncUndo {
 public:
  /// `on` false: the file is ours, and nothing is undone.
  explicit MbsyncUndo(bool on = true) : on_(on) {}

  void add(std::string_view octets);

  /// At the end.
  Found::Original take();

 private:
  void end_line();
  void emit(std::string_view octets, bool header);

  bool on_;
  Sha256 hash_, header_hash_;
  std::uint64_t size_ = 0;
  std::string line_;         ///< of the header, not emitted yet
  bool line_begun_ = false;  ///< its start was emitted
  bool header_done_ = false;
  bool tuid_seen_ = false;
  char last_ = 0;
};

}  // namespace mailpipe::maildir
