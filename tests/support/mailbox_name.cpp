// Modified UTF-7, written for the tests alone: the program's own must not be its own judge.
#include "support/imap_account.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace mailpipe::testing {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

std::u16string utf16_of(std::string_view utf8) {
  std::u16string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      code = code << 6U | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    }
    if (code >= 0x10000) {
      code -= 0x10000;
      out += static_cast<char16_t>(0xD800 + (code >> 10U));
      code = 0xDC00 + (code & 0x3FFU);
    }
    out += static_cast<char16_t>(code);
    i += length;
  }
  return out;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6U);
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12U);
    out += static_cast<char>(0x80 | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  } else {
    out += static_cast<char>(0xF0 | code >> 18U);
    out += static_cast<char>(0x80 | (code >> 12U & 0x3FU));
    out += static_cast<char>(0x80 | (code >> 6U & 0x3FU));
    out += static_cast<char>(0x80 | (code & 0x3FU));
  }
}

std::string base64_of(const std::u16string& units) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char16_t unit : units) {
    bits = bits << 16U | unit;
    count += 16;
    while (count >= 6) {
      count -= 6;
      out += kAlphabet[bits >> count & 0x3FU];
    }
    bits &= (1U << count) - 1;
  }
  if (count > 0) {
    out += kAlphabet[bits << (6 - count) & 0x3FU];
  }
  return out;
}

std::string utf8_of_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::uint32_t high = 0;
  for (const char c : text) {
    bits = bits << 6U | static_cast<std::uint32_t>(kAlphabet.find(c) & 0x3FU);
    count += 6;
    if (count < 16) {
      continue;
    }
    count -= 16;
    const std::uint32_t unit = bits >> count & 0xFFFFU;
    bits &= (1U << count) - 1;
    if (unit >= 0xD800 && unit < 0xDC00) {
      high = unit;
    } else if (unit >= 0xDC00 && unit < 0xE000) {
      append_utf8(out, 0x10000 + ((high - 0xD800) << 10U) + (unit - 0xDC00));
    } else {
      append_utf8(out, unit);
    }
  }
  return out;
}

}  // namespace

MailboxName::MailboxName(const std::string& utf8) {
  std::u16string pending;
  const auto flush = [&] {
    if (!pending.empty()) {
      octets_ += "&" + base64_of(pending) + "-";
      pending.clear();
    }
  };
  for (const char16_t unit : utf16_of(utf8)) {
    if (unit < 0x20 || unit > 0x7E) {
      pending += unit;
      continue;
    }
    flush();
    octets_ += unit == u'&' ? std::string("&-") : std::string(1, static_cast<char>(unit));
  }
  flush();
}

MailboxName MailboxName::raw(std::string octets) {
  MailboxName name;
  name.octets_ = std::move(octets);
  return name;
}

std::string MailboxName::utf8() const {
  std::string out;
  for (std::size_t at = 0; at < octets_.size(); ++at) {
    const std::size_t end = octets_[at] == '&' ? octets_.find('-', at) : std::string::npos;
    if (end == std::string::npos) {
      out += octets_[at];
      continue;
    }
    const std::string_view code = std::string_view(octets_).substr(at + 1, end - at - 1);
    if (code.find_first_not_of(kAlphabet) != std::string_view::npos) {
      return octets_;
    }
    out += code.empty() ? "&" : utf8_of_base64(code);
    at = end;
  }
  return out;
}

}  // namespace mailpipe::testing
