#include "text_format.hpp"

#include "file_name.hpp"

#include <mailpipe/printable.hpp>

#include <glib.h>

#include <algorithm>
#include <array>

namespace mailpipe::rename {
namespace {

/// Calls each(octets, code, valid) for every character.
template <class Each>
void for_each_character(std::string_view text, Each each) {
  while (!text.empty()) {
    const detail::Decoded next = detail::decode_utf8(text);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    each(text.substr(0, length), next.code, next.length != 0);
    text.remove_prefix(length);
  }
}

void append_utf8(std::string& out, char32_t code) {
  std::array<char, 6> octets{};
  const int length = g_unichar_to_utf8(static_cast<gunichar>(code), octets.data());
  out.append(octets.data(), static_cast<std::size_t>(length));
}

/// One letter at a time, so that it is the same under every locale.
std::string in_case(std::string_view text, bool upper) {
  std::string out;
  for_each_character(text, [&](std::string_view octets, char32_t code, bool valid) {
    if (valid) {
      append_utf8(out, upper ? g_unichar_toupper(code) : g_unichar_tolower(code));
    } else {
      out += octets;
    }
  });
  return out;
}

/// Letters, marks and digits of every script; a hyphen for everything between them.
std::string slug(std::string_view text) {
  std::string out;
  bool gap = false;
  for_each_character(text, [&](std::string_view octets, char32_t code, bool valid) {
    if (!valid || (g_unichar_isalnum(code) == 0 && g_unichar_ismark(code) == 0)) {
      gap = true;
      return;
    }
    out += gap && !out.empty() ? "-" : "";
    out += octets;
    gap = false;
  });
  return in_case(out, false);
}

std::string_view first_octets(std::string_view text, std::size_t limit) {
  std::size_t kept = 0;
  for_each_character(text, [&](std::string_view octets, char32_t, bool) {
    const auto at = static_cast<std::size_t>(octets.data() - text.data());
    kept = at + octets.size() <= limit ? at + octets.size() : kept;
  });
  return text.substr(0, kept);
}

}  // namespace

std::string_view first_characters(std::string_view text, std::size_t count) {
  std::size_t kept = 0;
  for_each_character(text, [&](std::string_view octets, char32_t, bool) {
    if (count > 0) {
      --count;
      kept += octets.size();
    }
  });
  return text.substr(0, kept);
}

std::string one_line(std::string_view text) {
  std::string out;
  bool gap = false;
  for_each_character(text, [&](std::string_view octets, char32_t code, bool valid) {
    const bool control = valid && (code < 0x20 || (code >= 0x7F && code < 0xA0));
    if (control || (valid && g_unichar_isspace(code) != 0)) {
      gap = true;
    } else if (valid && !detail::is_unprintable(code)) {
      out += gap && !out.empty() ? " " : "";
      out += octets;
      gap = false;
    }
  });
  return out;
}

std::string formatted(std::string text, const TextFormat& format) {
  if (format.words) {
    text = plain_words(text, text.size());
  } else if (format.slug) {
    text = slug(text);
  }
  if (format.lower || format.upper) {
    text = in_case(text, format.upper);
  }
  const std::size_t whole = text.size();
  if (format.characters) {
    text.resize(first_characters(text, *format.characters).size());
  }
  if (format.octets) {
    text.resize(first_octets(text, *format.octets).size());
  }
  while (text.size() < whole && (text.ends_with(' ') || (format.slug && text.ends_with('-')))) {
    text.pop_back();
  }
  return text;
}

}  // namespace mailpipe::rename
