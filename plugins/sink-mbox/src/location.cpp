#include "location.hpp"

#include "box_name.hpp"
#include "staging_names.hpp"

#include <charconv>

namespace mailpipe::mbox {
namespace {

/// Takes ":<number>" off the end of the text.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  text = text.substr(0, colon);
  return number;
}

bool take_word(std::string_view& text, std::string_view word) {
  const bool there = text.ends_with(word);
  text.remove_suffix(there ? word.size() : 0);
  return there;
}

}  // namespace

std::string Location::text() const {
  return box + ":" + std::to_string(offset) + (ends.raw ? ";raw" : "") + (ends.cut ? ";cut" : "");
}

std::optional<Location> parse_location(std::string_view text) {
  Location out;
  out.ends.cut = take_word(text, ";cut");
  out.ends.raw = take_word(text, ";raw");
  const auto offset = take_number(text);
  if (!offset || !is_box_name(text)) {
    return std::nullopt;
  }
  out.offset = *offset;
  out.box = text;
  return out;
}

std::string Token::text() const {
  return stage + ":" + std::to_string(offset) + ":" + std::to_string(length);
}

std::optional<Token> parse_token(std::string_view text) {
  const auto length = take_number(text);
  const auto offset = length ? take_number(text) : std::nullopt;
  if (!offset || !StagingNames::is_ours(text)) {
    return std::nullopt;
  }
  return Token{std::string(text), *offset, *length};
}

}  // namespace mailpipe::mbox
