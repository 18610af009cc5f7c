#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace mailpipe::imap {

/// How long a server that owes an answer may be silent, or say next to nothing.
///
/// Only time spent waiting counts, so a caller that was busy elsewhere is not the server's fault.
///
/// Errors  Throws Error (Transient).
class Patience {
 public:
  explicit Patience(std::chrono::seconds timeout) : timeout_(timeout) {}

  void reset() noexcept;

  void progress(std::uint64_t octets) noexcept;

  /// `in_response`: the server is in the middle of one, where words of comfort ("* OK Still here") are no progress.
  void waited(std::chrono::milliseconds time, bool in_response, const std::string& where);

  /// Until waited() throws, if nothing comes.
  std::chrono::milliseconds left() const noexcept;

 private:
  std::chrono::milliseconds timeout_;
  std::chrono::milliseconds silent_{0};
  std::chrono::milliseconds window_{0};
  std::uint64_t octets_ = 0;  ///< in the window
};

}  // namespace mailpipe::imap
