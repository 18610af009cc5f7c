#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailpipe {

namespace detail {

struct Decoded {
  char32_t code = 0;
  std::size_t length = 0;  ///< octets used; 0: not valid UTF-8 here
};

/// Decodes one code point; refuses overlong forms, surrogates and what lies beyond U+10FFFF (RFC
/// 3629).
inline Decoded decode_utf8(std::string_view text) noexcept {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) {
    return {};
  }
  const unsigned char lead = octet(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
    return {};
  }
  char32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xC0) != 0x80) {
      return {};
    }
    code = (code << 6) | (octet(i) & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return {};
  }
  return {code, length};
}

/// C0, C1, DEL, and what changes the direction or joins invisibly: nothing that may reach a
/// terminal, log or file name.
inline bool is_unprintable(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
         code == 0xFEFF || code == 0x061C || (code >= 0xFFF9 && code <= 0xFFFB) ||
         (code >= 0xE0000 && code <= 0xE007F);
}

inline std::string escaped(char32_t code) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  do {
    hex.insert(hex.begin(), kDigits[code & 0xF]);
    code >>= 4;
  } while (code != 0);
  return "\\u{" + hex + "}";
}

}  // namespace detail

/// The one gate through which foreign text reaches a terminal, a log or JSON: one line, valid
/// UTF-8, no control, escape or direction characters (they become \u{..}), at most `limit` octets
/// (then "..." follows).
inline std::string printable(std::string_view text, std::size_t limit = 1000) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const detail::Decoded next = detail::decode_utf8(text.substr(at));
    std::string piece;
    if (next.length == 0) {
      piece = detail::escaped(static_cast<unsigned char>(text[at]));
    } else if (detail::is_unprintable(next.code)) {
      piece = detail::escaped(next.code);
    } else {
      piece = text.substr(at, next.length);
    }
    if (out.size() + piece.size() > limit) {
      return out + "...";
    }
    out += piece;
    at += next.length == 0 ? 1 : next.length;
  }
  return out;
}

}  // namespace mailpipe
