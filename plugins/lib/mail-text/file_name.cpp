#include "file_name.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <array>

namespace mailpipe {
namespace {

struct Character {
  std::string_view octets;
  char32_t code = 0;  ///< of what is no UTF-8: none
  bool valid = false;
};

/// The first character of a text that is not empty; an octet that is no UTF-8 stands for itself.
Character next_character(std::string_view text) {
  const detail::Decoded decoded = detail::decode_utf8(text);
  if (decoded.length == 0) {
    return {text.substr(0, 1), 0, false};
  }
  return {text.substr(0, decoded.length), decoded.code, true};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::string percent(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[octet >> 4];
    out += kDigits[octet & 0xF];
  }
  return out;
}

/// One character as it stands in a name. `rest` is the text from that character on.
std::string encoded(const Character& c, std::string_view rest, bool first) {
  const bool like_escape = c.code == '%' && rest.size() > 2 && is_hex(rest[1]) && is_hex(rest[2]);
  if (!c.valid || detail::is_unprintable(c.code) || c.code == '/' || like_escape ||
      (first && c.code == '.')) {
    return percent(c.octets);
  }
  return std::string(c.octets);
}

bool is_ascii_punctuation(char32_t code) {
  return (code > 0x20 && code < 0x30) || (code > 0x39 && code < 0x41) ||
         (code > 0x5A && code < 0x61) || (code > 0x7A && code < 0x7F);
}

/// What Python's str.strip() takes away.
bool is_space(char32_t code) {
  constexpr std::array<char32_t, 10> kSingle = {0x20,   0x85,   0xA0,   0x1680, 0x2028,
                                                0x2029, 0x202F, 0x205F, 0x3000, 0x09};
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1F) ||
         (code >= 0x2000 && code <= 0x200A) ||
         std::find(kSingle.begin(), kSingle.end(), code) != kSingle.end();
}

}  // namespace

std::string encode_file_name(std::string_view text, bool first) {
  std::string out;
  for (bool at_start = first; !text.empty(); at_start = false) {
    const Character c = next_character(text);
    out += encoded(c, text, at_start);
    text.remove_prefix(c.octets.size());
  }
  return out;
}

std::string fit_file_name(std::string_view head, std::string_view text, std::string_view tail,
                          std::size_t limit) {
  std::string out(head);
  while (!text.empty()) {
    const Character c = next_character(text);
    const std::string piece = encoded(c, text, out.empty());
    if (out.size() + piece.size() + tail.size() > limit) {
      break;
    }
    out += piece;
    text.remove_prefix(c.octets.size());
  }
  return out.append(tail);
}

std::string plain_words(std::string_view text, std::size_t characters) {
  std::string out;
  std::size_t kept_to = 0;  // behind the last character that is no space
  for (std::size_t taken = 0; taken < characters && !text.empty();) {
    const Character c = next_character(text);
    text.remove_prefix(c.octets.size());
    if (c.valid && is_ascii_punctuation(c.code)) {
      continue;
    }
    ++taken;
    const bool space = c.valid && is_space(c.code);
    if (space && out.empty()) {
      continue;  // stripped, but it counts among the fifty
    }
    out += c.octets;
    kept_to = space ? kept_to : out.size();
  }
  out.resize(kept_to);
  return out;
}

}  // namespace mailpipe
