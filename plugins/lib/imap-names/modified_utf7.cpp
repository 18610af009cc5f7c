#include "modified_utf7.hpp"

#include <mailpipe/printable.hpp>

#include <cstddef>
#include <cstdint>

namespace mailpipe {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool stands_for_itself(char32_t code) {
  return code >= 0x20 && code <= 0x7E;
}

void append_utf8(std::string& out, char32_t code) {
  const auto octet = [&](char32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    octet(code);
  } else if (code < 0x800) {
    octet(0xC0 | code >> 6);
    octet(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    octet(0xE0 | code >> 12);
    octet(0x80 | (code >> 6 & 0x3F));
    octet(0x80 | (code & 0x3F));
  } else {
    octet(0xF0 | code >> 18);
    octet(0x80 | (code >> 12 & 0x3F));
    octet(0x80 | (code >> 6 & 0x3F));
    octet(0x80 | (code & 0x3F));
  }
}

/// The UTF-16 units between `&` and `-`; nothing when it is no canonical base64 of whole units.
std::optional<std::u16string> units_of(std::string_view shifted) {
  std::u16string units;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char letter : shifted) {
    const std::size_t value = kBase64.find(letter);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0x3FFFFF;
    count += 6;
    if (count >= 16) {
      count -= 16;
      units += static_cast<char16_t>(bits >> count);
    }
  }
  const bool rest_is_zero = (bits & ((1U << count) - 1)) == 0;
  return count < 6 && rest_is_zero ? std::optional(units) : std::nullopt;
}

/// Appends what the units say; false for half a pair and for what needs no shift.
bool append_units(std::string& out, const std::u16string& units) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t code = units[i];
    if (code >= 0xD800 && code <= 0xDBFF && i + 1 < units.size() && units[i + 1] >= 0xDC00 &&
        units[i + 1] <= 0xDFFF) {
      code = 0x10000 + ((code - 0xD800) << 10) + (units[++i] - 0xDC00U);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
      return false;
    }
    if (stands_for_itself(code)) {
      return false;
    }
    append_utf8(out, code);
  }
  return !units.empty();
}

std::string shifted(const std::u16string& units) {
  std::string out = "&";
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char16_t unit : units) {
    bits = bits << 16 | unit;
    count += 16;
    for (; count >= 6; count -= 6) {
      out += kBase64[bits >> (count - 6) & 0x3F];
    }
    bits &= (1U << count) - 1;
  }
  if (count > 0) {
    out += kBase64[bits << (6 - count) & 0x3F];
  }
  return out + '-';
}

void append_utf16(std::u16string& out, char32_t code) {
  if (code < 0x10000) {
    out += static_cast<char16_t>(code);
  } else {
    out += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
    out += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
  }
}

}  // namespace

std::optional<std::string> decode_utf7(std::string_view name) {
  std::string out;
  bool just_shifted = false;
  while (!name.empty()) {
    const char first = name.front();
    if (!stands_for_itself(static_cast<unsigned char>(first))) {
      return std::nullopt;
    }
    if (first != '&') {
      out += first;
      name.remove_prefix(1);
      just_shifted = false;
      continue;
    }
    const std::size_t end = name.find('-');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    if (end == 1) {
      out += '&';
      just_shifted = false;
    } else {
      const auto units = units_of(name.substr(1, end - 1));
      if (just_shifted || !units || !append_units(out, *units)) {
        return std::nullopt;  // two shifts in a row: another name for the same text
      }
      just_shifted = true;
    }
    name.remove_prefix(end + 1);
  }
  return out;
}

std::string encode_utf7(std::string_view utf8) {
  std::string out;
  std::u16string waiting;
  const auto flush = [&] {
    if (!waiting.empty()) {
      out += shifted(waiting);
      waiting.clear();
    }
  };
  while (!utf8.empty()) {
    const detail::Decoded next = detail::decode_utf8(utf8);
    const char32_t code = next.length == 0 ? 0xFFFD : next.code;
    utf8.remove_prefix(next.length == 0 ? 1 : next.length);
    if (!stands_for_itself(code)) {
      append_utf16(waiting, code);
      continue;
    }
    flush();
    out += static_cast<char>(code);
    if (code == '&') {
      out += '-';
    }
  }
  flush();
  return out;
}

}  // namespace mailpipe
