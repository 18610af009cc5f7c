#pragma once

#include <mailpipe/body.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace mailpipe::mbox {

/// What LF line ends and a final newline do not tell of a message. An mbox has lines that end in LF;
/// so that the server's octets can be had back, the location of a message says which of these hold.
struct Ends {
  bool raw = false;  ///< some LF had no CR before it: line ends are kept as they came, CR and all
  bool cut = false;  ///< the message did not end in LF: the last one is ours

  friend bool operator==(const Ends&, const Ends&) = default;
};

/// Reads the body once.
Ends ends_of(const Body& body);

using Output = std::function<void(std::string_view)>;

/// A message on its way into an mbox: CRLF becomes LF (unless `raw`), and one more '>' is put before
/// every line that matches />*From /, the first one of the message too (mboxrd).
///
/// Threads  One. Flat memory.
class Encoder {
 public:
  Encoder(Ends ends, Output out) : ends_(ends), out_(std::move(out)) {}

  void add(std::string_view octets);

  /// The final newline, and the empty line that ends a message in an mbox.
  void finish();

 private:
  void add_start(std::string_view& octets);
  void add_rest(std::string_view& octets);
  void put(std::string_view octets);
  void flush_cr();

  Ends ends_;
  Output out_;
  std::string buffer_;
  std::size_t matched_ = 0;  ///< of "From ", held back
  bool at_start_ = true;     ///< nothing but '>' came on this line
  bool cr_ = false;          ///< a CR, held back
};

/// The way back, of what lies between postmark and closing empty line.
class Decoder {
 public:
  Decoder(Ends ends, Output out) : ends_(ends), out_(std::move(out)) {}

  void add(std::string_view octets);
  void finish();

 private:
  void add_start(std::string_view& octets);
  void add_rest(std::string_view& octets);
  void release(bool quoted);
  void newline();
  void put(std::string_view octets);

  Ends ends_;
  Output out_;
  std::string buffer_;
  std::uint64_t quotes_ = 0;
  std::size_t matched_ = 0;
  bool at_start_ = true;
  bool newline_ = false;  ///< held back: the last one may be ours
};

}  // namespace mailpipe::mbox
