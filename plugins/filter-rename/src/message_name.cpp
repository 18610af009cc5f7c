#include "message_name.hpp"

#include "file_name.hpp"
#include "text_format.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace mailpipe::rename {
namespace {

constexpr std::size_t kShortestUnique = 8;
constexpr std::string_view kExtension = ".eml";

std::size_t width_of(const TextFormat& format) {
  return std::min(format.characters.value_or(kWidestField), format.octets.value_or(kWidestField));
}

/// Whether messages differ in this part. The id is the server's: a piece of it, or in another case, may be that of
/// another message.
bool tells_apart(const TemplatePart& part) {
  if (part.field == "id") {
    return part.text_format == TextFormat{};
  }
  return (part.field == "key" || part.field == "digest") &&
         width_of(part.text_format) >= kShortestUnique;
}

std::size_t encoded_size(std::string_view text) {
  return encode_file_name(text, true).size();
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) {
    out += piece;
  }
  return out;
}

/// Takes off the last character.
void shorten(std::string& text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  text.resize(at);
}

/// Takes characters off the longest piece but `kept` until all of them fit.
void cut(std::vector<std::string>& pieces, std::size_t kept) {
  if (encoded_size(joined(pieces)) <= kLongestName) {
    return;
  }
  std::vector<std::size_t> sizes;
  for (const std::string& piece : pieces) {
    sizes.push_back(encoded_size(piece));
  }
  std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  // The sum is not all: what is an escape may begin in one piece and end in the next.
  while (total > kLongestName || encoded_size(joined(pieces)) > kLongestName) {
    std::size_t longest = kept == 0 ? sizes.size() - 1 : 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      longest = i != kept && sizes[i] > sizes[longest] ? i : longest;
    }
    if (longest == kept || pieces[longest].empty()) {
      return;  // what is never cut is short enough by itself
    }
    shorten(pieces[longest]);
    total -= sizes[longest];
    sizes[longest] = encoded_size(pieces[longest]);
    total += sizes[longest];
  }
}

/// Somebody may well write it.
std::string without_extension(const std::string& text) {
  return text.ends_with(kExtension) && text.size() > kExtension.size()
             ? text.substr(0, text.size() - kExtension.size())
             : text;
}

}  // namespace

MessageName::MessageName(const std::string& text)
    : parts_(read_template(without_extension(text), name_rules())) {
  const auto unique = std::find_if(parts_.begin(), parts_.end(), tells_apart);
  unique_ = static_cast<std::size_t>(unique - parts_.begin());
  if (unique == parts_.end()) {
    parts_.emplace_back().literal = "_";
    TemplatePart& key = parts_.emplace_back();
    key.field = "key";
    key.text_format.characters = kShortestUnique;
    unique_ = parts_.size() - 1;
  }
}

Needs MessageName::needs() const {
  if (names_any(parts_, {"digest"})) {
    return Needs::Body;
  }
  return names_any(parts_, {"subject", "from", "from_address"}) ? Needs::Headers : Needs::Metadata;
}

std::string MessageName::of(FieldValues& values) const {
  std::vector<std::string> pieces;
  for (const TemplatePart& part : parts_) {
    std::string text = values.text(part);
    if (pieces.size() != unique_) {
      text.resize(std::min(text.size(), first_characters(text, kLongestName).size()));
    }
    pieces.push_back(std::move(text));
  }
  cut(pieces, unique_);
  std::string name = joined(pieces);
  // Sinks take an extension of theirs off, so that two names differ in it at most: that of a field is no extension.
  return name.ends_with(kExtension) ? name.append(kExtension) : name;
}

}  // namespace mailpipe::rename
