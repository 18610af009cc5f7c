#include "field_values.hpp"

#include "author.hpp"
#include "file_digest.hpp"
#include "file_name.hpp"
#include "header_text.hpp"
#include "text_format.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mailpipe::rename {
namespace {

constexpr std::size_t kKeyCharacters = 26;
constexpr std::size_t kLongestId = 200;  // of an id that is longer its key's hash stands in a name

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t octet : digest) {
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0xFU];
  }
  return out;
}

}  // namespace

std::string key_text(const std::string& key) {
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  const Digest digest = digest_of(key);
  std::string out;
  for (std::size_t i = 0; i < kKeyCharacters; ++i) {
    const std::size_t bit = i * 5;
    const unsigned two = static_cast<unsigned>(digest.at(bit / 8) << 8U) | digest.at(bit / 8 + 1);
    out += kLetters[(two >> (11U - bit % 8)) & 0x1FU];
  }
  return out;
}

std::string flag_letters(const std::vector<std::string>& keywords) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kLetters{{{"$draft", 'D'},
                                                                       {"$flagged", 'F'},
                                                                       {"$forwarded", 'P'},
                                                                       {"$answered", 'R'},
                                                                       {"$seen", 'S'},
                                                                       {"$deleted", 'T'}}};
  std::string out;
  for (const auto& known : kLetters) {
    const std::string_view keyword = known.first;  // clang 14 captures no binding
    const bool set = std::any_of(keywords.begin(), keywords.end(), [&](const std::string& one) {
      return std::equal(one.begin(), one.end(), keyword.begin(), keyword.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
      });
    });
    out += set ? std::string(1, known.second) : std::string();
  }
  return out;
}

std::string first_mailbox(const std::vector<Mailbox>& places) {
  const auto first =
      std::min_element(places.begin(), places.end(),
                       [](const Mailbox& a, const Mailbox& b) { return a.path < b.path; });
  std::string out;
  if (first != places.end()) {
    for (const std::string& component : first->path) {
      out += (out.empty() ? "" : ".") + component;
    }
  }
  return out;
}

std::string FieldValues::text(const TemplatePart& part) {
  if (part.field.empty()) {
    return part.literal;
  }
  if (part.field == "received_at") {
    return time_.write(item_.received_at, part.time_format);
  }
  return formatted(raw(part.field), part.text_format);
}

std::string FieldValues::raw(const std::string& field) {
  if (field == "id") {
    return id();
  }
  if (field == "key") {
    return key_text(item_.key);
  }
  if (field == "flags") {
    return flag_letters(item_.keywords);
  }
  if (field == "mailbox") {
    return first_mailbox(item_.places);
  }
  if (field == "size") {
    return item_.size ? std::to_string(*item_.size) : std::string();
  }
  if (field == "digest") {
    return body_ != nullptr ? hex(body_->digest()) : std::string();
  }
  if (field == "subject") {
    return one_line(decode_header_text(header("subject")));
  }
  return from(field == "from_address");
}

/// A server need not give one, and RFC 8620 lets it have 255 octets.
std::string FieldValues::id() const {
  const bool usable =
      !item_.server_id.empty() && encode_file_name(item_.server_id, false).size() <= kLongestId;
  return usable ? item_.server_id : key_text(item_.key);
}

std::string FieldValues::from(bool address) {
  const Author author = read_author(header("from"));
  return one_line(address || author.name.empty() ? author.address : author.name);
}

std::string FieldValues::header(const char* name) {
  if (!head_) {
    head_ = body_ != nullptr ? header_section(*body_) : std::string();
  }
  return find_header(*head_, name).value_or("");
}

}  // namespace mailpipe::rename
