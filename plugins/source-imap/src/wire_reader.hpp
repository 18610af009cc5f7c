#pragma once

#include "long_list.hpp"
#include "session.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace mailpipe::imap {

/// Makes complete, bounded responses out of the octets that come, and hands bodies through as they come.
///
/// What reaches the parsers is one response without its last line end: at most 64 KiB outside of literals and 64 KiB in them,
/// no NUL, parentheses at most 64 deep, at most 1000 literals. A body's literal is given away while it comes, and "{0}" stands
/// in its place. The lines of SEARCH, ESEARCH and VANISHED are as long as the server likes; their UIDs are taken out.
///
/// A response past a cap is read to its end, and told of as unreadable; the next one is in step again.
///
/// Threads  One at a time.
/// Errors   Throws Error (Transient) where no next response can be found: a literal of a size that is no number or is past 2^32,
///          a response without an end. And what the receiver throws.
class WireReader {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;

    /// As Answer::body().
    virtual std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) = 0;

    /// The text is valid during the call; `listed` has the UIDs taken out of it.
    virtual void response(std::string_view text, UidSet listed) = 0;

    virtual void unreadable(const Error& why) = 0;
  };

  /// `where`: the server, for errors.
  WireReader(Receiver& receiver, std::string where)
      : receiver_(receiver),
        where_(std::move(where)) {}

  void feed(std::string_view octets);

  /// Whether a response has begun and not ended.
  bool in_response() const noexcept { return literal_left_ > 0 || !text_.empty() || skipped_ > 0; }

 private:
  std::size_t feed_literal(std::string_view octets);
  std::size_t feed_line(std::string_view octets);
  void end_of_line();
  void end_of_literal();
  void end_of_response();
  void begin_literal(std::uint64_t octets);

  /// What has come since the last literal.
  std::string_view line() const { return std::string_view(text_).substr(line_from_); }

  void shorten();
  void keep_nothing();
  void scan();
  void spoil(const char* why);
  [[noreturn]] void lost_step(const char* why) const;
  std::uint64_t size_of(std::string_view text) const;
  void forget();

  Receiver& receiver_;
  const std::string where_;
  std::string text_;
  std::string spoilt_;             ///< why this response will be unreadable; empty: it is not
  std::uint64_t skipped_ = 0;      ///< octets of this response that were not kept
  std::size_t scanned_ = 0;        ///< of text_
  std::size_t line_from_ = 0;      ///< in text_, behind the last literal
  std::size_t inline_octets_ = 0;  ///< of literals in text_
  std::size_t literals_ = 0;
  unsigned depth_ = 0;
  bool quoted_ = false, escaped_ = false;
  std::uint64_t literal_left_ = 0;
  enum class Literal : std::uint8_t { Inline, Body, Skipped } literal_ = Literal::Inline;
  std::unique_ptr<BodyTarget> target_;
  LongList list_;
};

}  // namespace mailpipe::imap
