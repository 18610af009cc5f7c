#include "layout.hpp"

#include "file_digest.hpp"
#include "file_flags.hpp"
#include "modified_utf7.hpp"

#include <mailpipe/printable.hpp>

#include <cstddef>

namespace mailpipe::maildir {
namespace {

constexpr std::size_t kLongest = 255;
constexpr std::string_view kEmpty = "%00";

std::string percent(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  return {'%', kDigits[octet >> 4], kDigits[octet & 0xF]};
}

int hex(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The octet that an escape of ours at the start of the text stands for, or -1. Only what
/// encode_component() writes: "100%20off" is no escape.
int escape_at(std::string_view text) {
  if (text.size() < 3 || text[0] != '%' || hex(text[1]) < 0 || hex(text[2]) < 0) {
    return -1;
  }
  const int octet = hex(text[1]) * 16 + hex(text[2]);
  const bool ours =
      octet >= 0x80 || octet == 0 ||
      std::string_view("%./cnt").find(static_cast<char>(octet)) != std::string_view::npos;
  return ours ? octet : -1;
}

std::string short_hash(std::string_view text) {
  const Digest digest = digest_of(text);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    out += kDigits[digest.at(i) >> 4];
    out += kDigits[digest.at(i) & 0xF];
  }
  return out;
}

/// At most `limit` octets; a name that is cut ends in a hash of the whole.
std::string fit(const std::string& name, const std::string& whole, bool mark) {
  const std::string tail = "~" + short_hash(whole);
  if (name.size() + (mark ? tail.size() : 0) <= kLongest) {
    return mark ? name + tail : name;
  }
  return name.substr(0, kLongest - tail.size()) + tail;
}

/// Everything of a path in one text.
std::string joined(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& component : path) {
    out += std::to_string(component.size()) + ":" + component;
  }
  return out;
}

std::string encode_whole(std::string_view component, Layout layout) {
  if (component.empty()) {
    return std::string(kEmpty);
  }
  const bool reserved = component == "cur" || component == "new" || component == "tmp";
  std::string out;
  std::string plain;  // waits for its modified UTF-7, in which a shift spans characters
  const auto escape = [&](std::string_view octets) {
    out += encode_utf7(plain);
    plain.clear();
    for (const char c : octets) {
      out += percent(c);
    }
  };
  for (std::size_t at = 0; at < component.size();) {
    const detail::Decoded next = mailpipe::detail::decode_utf8(component.substr(at));
    const std::size_t length = next.length == 0 ? 1 : next.length;
    const std::string_view octets = component.substr(at, length);
    const bool first = at == 0;
    const bool dot = octets == "." && (first || layout == Layout::MaildirPlusPlus);
    if (next.length == 0 || octets == "/" || dot ||
        (first && reserved && layout == Layout::Verbatim) ||
        (octets == "%" && escape_at(component.substr(at)) >= 0)) {
      escape(octets);
    } else {
      plain += octets;
    }
    at += length;
  }
  return out + encode_utf7(plain);
}

}  // namespace

std::string encode_component(std::string_view component, Layout layout) {
  const std::string name = encode_whole(component, layout);
  return fit(name, name, false);
}

std::string decode_component(std::string_view name) {
  if (name == kEmpty) {
    return {};
  }
  std::string out;
  std::string plain;
  const auto flush = [&] {
    const auto decoded = decode_utf7(plain);
    out += decoded ? *decoded : plain;
    plain.clear();
  };
  while (!name.empty()) {
    const int octet = escape_at(name);
    if (octet > 0) {
      flush();
      out += static_cast<char>(octet);
      name.remove_prefix(3);
    } else {
      plain += name.front();
      name.remove_prefix(1);
    }
  }
  flush();
  return out;
}

std::vector<std::string> folders_of(const std::vector<std::string>& mailbox, Layout layout,
                                    unsigned choice) {
  std::vector<std::string> path = mailbox;
  if (!path.empty() && equal_but_for_case(path[0], "INBOX")) {
    path[0] = "INBOX";  // in whatever case (RFC 3501 section 5.1), as mbsync has it
  }
  const std::string whole = choice == 0 ? std::string() : joined(mailbox) + std::to_string(choice);
  if (layout == Layout::MaildirPlusPlus) {
    if (choice == 0 && path == std::vector<std::string>{"INBOX"}) {
      return {};
    }
    std::string name;
    for (const std::string& component : path) {
      name += "." + encode_whole(component, layout);
    }
    return {fit(name, choice == 0 ? name : whole, choice > 0)};
  }
  std::vector<std::string> out;
  for (const std::string& component : path) {
    out.push_back(encode_component(component, layout));
  }
  if (choice > 0) {
    out.back() = fit(encode_whole(path.back(), layout), whole, true);
  }
  return out;
}

std::vector<std::string> path_of(const std::vector<std::string>& folders, Layout layout) {
  std::vector<std::string> out;
  if (layout == Layout::Verbatim) {
    for (const std::string& name : folders) {
      out.push_back(decode_component(name));
    }
    return out;
  }
  if (folders.empty()) {
    return {"INBOX"};
  }
  std::string_view rest = folders.back();
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the dot before each component
    const std::size_t end = rest.find('.');
    out.push_back(decode_component(rest.substr(0, end)));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
  }
  return out;
}

}  // namespace mailpipe::maildir
