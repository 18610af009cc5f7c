#include "header_text.hpp"

#include <mailpipe/c_ptr.hpp>

#include <gmime/gmime.h>

#include <algorithm>

namespace mailpipe {
namespace {

/// Behind this no name looks any further, and what a decoder may cost stays bounded.
constexpr std::size_t kLongestValue = std::size_t{64} * 1024;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// Where the header section ends, or npos: behind the first empty line.
std::size_t end_of_header(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) {
      return end;
    }
    if (end == at || (end == at + 1 && text[at] == '\r')) {
      return end + 1;
    }
    at = end + 1;
  }
  return std::string_view::npos;
}

/// Takes the next line off `rest`, without its end.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// Whether the line is `name:`, and where its value begins. RFC 5322 section 4.5.8 lets blanks
/// stand before the colon.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !same_letters(trimmed(line.substr(0, colon)), name) ||
      is_blank(line.front())) {
    return std::nullopt;
  }
  return line.substr(colon + 1);
}

void start_gmime() {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  (void)started;
}

}  // namespace

std::string header_section(const Body& body, std::size_t limit) {
  // Most header sections fit into the first step.
  for (std::size_t step = std::size_t{16} * 1024;; step *= 8) {
    std::string head = body.head(std::min(step, limit));
    const std::size_t end = end_of_header(head);
    if (end != std::string::npos) {
      head.resize(end);
      return head;
    }
    if (step >= limit || head.size() < step) {
      return head;
    }
  }
}

std::optional<std::string> find_header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    if (line.empty()) {
      break;
    }
    if (const auto first = value_of(line, name)) {
      std::string value(*first);
      while (!head.empty() && is_blank(head.front())) {
        value += take_line(head);
      }
      return std::string(trimmed(value));
    }
  }
  return std::nullopt;
}

std::string decode_header_text(std::string_view raw) {
  start_gmime();
  std::string text(raw.substr(0, kLongestValue));
  std::erase_if(text, [](char c) { return c == '\0' || c == '\r' || c == '\n'; });
  const CPtr<char, g_free> decoded(g_mime_utils_header_decode_text(nullptr, text.c_str()));
  if (decoded == nullptr) {
    return {};
  }
  const CPtr<char, g_free> valid(g_utf8_make_valid(decoded.get(), -1));
  const CPtr<char, g_free> composed(g_utf8_normalize(valid.get(), -1, G_NORMALIZE_NFC));
  std::string out(composed != nullptr ? composed.get() : valid.get());
  std::erase_if(out, [](char c) { return c == '\r' || c == '\n'; });
  std::replace(out.begin(), out.end(), '\t', ' ');
  return out;
}

std::string subject_of(const Body& body) {
  const auto raw = find_header(header_section(body), "subject");
  return raw ? decode_header_text(*raw) : std::string();
}

}  // namespace mailpipe
