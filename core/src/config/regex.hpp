#pragma once

#include <cstddef>
#include <string>

namespace mailpipe::config {

struct RegexCheck {
  std::string wrong;       ///< what PCRE2 has against it, or empty
  std::size_t offset = 0;  ///< where, in octets
  int groups = 0;          ///< how many ( ) it has
};

/// Compiles an expression as components do that take one: UTF-8, no \C. Nothing is matched.
RegexCheck compile_regex(const std::string& pattern);

}  // namespace mailpipe::config
