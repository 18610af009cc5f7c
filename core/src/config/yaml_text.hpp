#pragma once

#include "config/mark.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// A text cut into lines, for turning the parser's octet offsets into columns that people count.
///
/// Ownership  Borrows text; file is copied into every mark.
class YamlText {
 public:
  YamlText(std::string_view text, std::string file);

  /// The mark of `line` and the octet `column`, both from 0; `length` in octets, cut at the end of the line.
  Mark mark(std::size_t line, std::size_t column, std::size_t length = 1) const;

  /// The mark of a scalar: a quoted one up to its closing quote, otherwise `octets` long.
  Mark mark_scalar(std::size_t line, std::size_t column, std::size_t octets) const;

  /// Whether a quoted scalar that starts here, perhaps behind an anchor, ends before the text does. yaml-cpp takes the
  /// end of the file for the closing quote.
  bool closes_quote(std::size_t line, std::size_t column) const;

  /// Without its line end; empty past the end.
  std::string_view line(std::size_t number) const;

  std::size_t lines() const noexcept { return starts_.size(); }

 private:
  std::string_view text_;
  std::string file_;
  std::vector<std::size_t> starts_;
};

/// Characters in UTF-8 text: octets that are not continuations. Counts octets past the first 1024, so that a file that
/// is one huge line costs no more than its marks.
std::size_t characters(std::string_view text) noexcept;

}  // namespace mailpipe::config
