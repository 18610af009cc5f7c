#pragma once

#include "file_digest.hpp"
#include "mboxrd.hpp"

#include <mailpipe/file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::mbox {

/// One message in an mbox, in octets from its start.
struct Extent {
  std::uint64_t offset = 0;  ///< of its postmark
  std::uint64_t text = 0;    ///< of its first line
  std::uint64_t end = 0;  ///< behind its last line; the empty line that closes it is not part of it
  std::uint64_t next = 0;  ///< of the next postmark, or where the file ends
};

/// Reads an open mbox. A message begins with a line "From ..." and ends before the next one.
///
/// Threads    One. Flat memory, but for find_by_content() (32 octets a message of the file).
/// Ownership  The file outlives it.
/// Errors     As throw_errno.
class BoxReader {
 public:
  BoxReader(Fs& fs, const File& file) : fs_(fs), file_(file) {}

  /// The message whose postmark lies at `offset`, if one does.
  std::optional<Extent> at(std::uint64_t offset);

  /// The first message at or behind `offset`, where a line begins.
  std::optional<Extent> from(std::uint64_t offset);

  std::string postmark(const Extent& extent);

  /// The message with its ends undone. Throws Item if it cannot have these ends.
  void decode(const Extent& extent, Ends ends, const Output& out);

  FileDigest digest(const Extent& extent, Ends ends);

  /// Searches the whole file for a message that decodes to that.
  std::optional<Extent> find_by_content(const FileDigest& content, Ends ends);

  /// Hands over the octets from `begin` to `end`; stops early where the file ends.
  void read(std::uint64_t begin, std::uint64_t end, const Output& out);

 private:
  struct Measured {
    Extent extent;
    std::uint64_t lines = 0, quotes = 0;
  };

  std::uint64_t next_postmark(std::uint64_t line_start);
  std::size_t read_some(std::uint64_t offset, std::size_t count);
  Measured measure(const Extent& extent);

  Fs& fs_;
  const File& file_;
  std::string buffer_;
  std::uint64_t buffered_at_ = 0;
  std::vector<Measured> index_;  ///< of the whole file, once it was searched
};

}  // namespace mailpipe::mbox
