#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::imap {

std::string upper(std::string_view text);

/// Reads one complete response from left to right (RFC 3501 section 9); literals lie in it as "{3}\r\nabc".
///
/// Laxer than the grammar where servers are: spaces doubled or before a parenthesis, octets above 127, atoms with '[', ']', '%'.
///
/// Ownership  Borrows the text.
/// Errors     Throws Error (Item) for what cannot be read; numbers that do not fit cannot.
class Tokenizer {
 public:
  explicit Tokenizer(std::string_view text) : text_(text) {}

  bool at_end() const noexcept { return at_ >= text_.size(); }

  char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }

  std::size_t position() const noexcept { return at_; }

  std::string_view rest() const noexcept { return text_.substr(at_); }

  std::string_view since(std::size_t position) const {
    return text_.substr(position, at_ - position);
  }

  void skip_spaces() noexcept;

  bool take(char c) noexcept;  ///< whether it was there
  void expect(char c);

  /// Up to a space, parenthesis or quote; not empty.
  std::string_view atom();

  /// As the name of a FETCH item: an atom with a section, "BODY[HEADER.FIELDS (FROM)]<0>".
  std::string_view item_name();

  std::string astring();                 ///< atom, quoted string or literal
  std::optional<std::string> nstring();  ///< the same, or NIL

  std::uint32_t number32();
  std::uint64_t number64();  ///< at most 2^63-1 (RFC 9051)

  /// Any value, with all that is nested in it. Depth is checked by whoever read the line.
  void skip_value();

 private:
  std::uint64_t number(std::uint64_t most);
  std::string quoted();
  std::string literal();
  bool at_literal() const noexcept;

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace mailpipe::imap
