#include "spool/message_id.hpp"

#include "spool/sha256.hpp"

#include <algorithm>

namespace mailpipe::spool {

namespace {

constexpr std::string_view kField = "message-id:";

/// RFC 5322 allows a line 998 octets; what is longer is no id.
constexpr std::size_t kLongest = 2000;

char lower(char octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet - 'A' + 'a') : octet;
}

/// What stands between the brackets; without brackets all but the space around it.
std::string_view bare(std::string_view id) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t open = id.find('<');
  const std::size_t close = open == std::string_view::npos ? open : id.find('>', open);
  if (close != std::string_view::npos) {
    id = id.substr(open + 1, close - open - 1);
  }
  const std::size_t first = id.find_first_not_of(kSpace);
  return first == std::string_view::npos
             ? std::string_view()
             : id.substr(first, id.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::optional<std::uint64_t> message_id_hash(std::string_view id) {
  id = bare(id);
  if (id.empty()) {
    return std::nullopt;
  }
  const Digest digest = sha256(id);
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < sizeof hash; ++i) {
    hash = hash << 8U | digest[i];
  }
  return hash;
}

void MessageIdScan::add_name(char octet) {
  if (octet == '\n') {
    at_ = name_.empty() ? At::Done : At::Name;  // an empty line ends the header
    name_.clear();
    return;
  }
  if (octet == '\r' && name_.empty()) {
    return;
  }
  name_ += lower(octet);
  if (name_ == kField) {
    at_ = At::Value;
  } else if (!kField.starts_with(name_)) {
    at_ = At::OtherLine;
  }
}

void MessageIdScan::add(std::string_view octets) {
  while (!octets.empty() && at_ != At::Done) {
    if (at_ == At::OtherLine) {
      const std::size_t end = octets.find('\n');
      if (end == std::string_view::npos) {
        return;
      }
      octets.remove_prefix(end + 1);
      name_.clear();
      at_ = At::Name;
      continue;
    }
    const char octet = octets.front();
    if (at_ == At::LineEnd && octet != ' ' && octet != '\t') {
      at_ = At::Done;  // no folded line: the value is whole
      return;
    }
    octets.remove_prefix(1);
    if (at_ == At::Name) {
      add_name(octet);
    } else if (value_.size() < kLongest) {
      at_ = octet == '\n' ? At::LineEnd : At::Value;
      value_ += octet;
    } else {
      at_ = At::Done;
    }
  }
}

}  // namespace mailpipe::spool
