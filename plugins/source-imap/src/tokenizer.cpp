#include "tokenizer.hpp"

#include "errors.hpp"

#include <algorithm>
#include <limits>

namespace mailpipe::imap {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool ends_atom(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet <= 0x20 || octet == 0x7F || c == '(' || c == ')' || c == '"';
}

}  // namespace

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

void Tokenizer::skip_spaces() noexcept {
  while (peek() == ' ') {
    ++at_;
  }
}

bool Tokenizer::take(char c) noexcept {
  if (at_end() || text_[at_] != c) {
    return false;
  }
  ++at_;
  return true;
}

void Tokenizer::expect(char c) {
  if (!take(c)) {
    throw unreadable_error(std::string("no '") + c + "' where one must be");
  }
}

std::string_view Tokenizer::atom() {
  const std::size_t from = at_;
  while (!at_end() && !ends_atom(text_[at_])) {
    ++at_;
  }
  if (at_ == from) {
    throw unreadable_error("a word is missing");
  }
  return since(from);
}

std::string_view Tokenizer::item_name() {
  const std::size_t from = at_;
  while (!at_end() && !ends_atom(text_[at_]) && text_[at_] != '[') {
    ++at_;
  }
  if (take('[')) {
    while (!take(']')) {
      if (at_end()) {
        throw unreadable_error("a section does not end");
      }
      if (peek() == '"' || at_literal()) {
        astring();
      } else {
        ++at_;
      }
    }
    if (take('<')) {
      number64();
      expect('>');
    }
  }
  if (at_ == from) {
    throw unreadable_error("the name of an item is missing");
  }
  return since(from);
}

bool Tokenizer::at_literal() const noexcept {
  return peek() == '{' || (peek() == '~' && at_ + 1 < text_.size() && text_[at_ + 1] == '{');
}

std::string Tokenizer::astring() {
  if (peek() == '"') {
    return quoted();
  }
  if (at_literal()) {
    return literal();
  }
  return std::string(atom());
}

std::optional<std::string> Tokenizer::nstring() {
  if (peek() == '"' || at_literal()) {
    return astring();
  }
  std::string word(atom());
  if (upper(word) == "NIL") {
    return std::nullopt;
  }
  return word;
}

std::string Tokenizer::quoted() {
  expect('"');
  std::string out;
  while (!take('"')) {
    if (peek() == '\\') {
      ++at_;
    }
    if (at_end()) {
      throw unreadable_error("a quoted string does not end");
    }
    out += text_[at_++];
  }
  return out;
}

std::string Tokenizer::literal() {
  take('~');
  expect('{');
  const std::uint64_t octets = number64();
  expect('}');
  take('\r');
  expect('\n');
  if (octets > text_.size() - at_) {
    throw unreadable_error("a literal does not end");
  }
  std::string out(text_.substr(at_, octets));
  at_ += octets;
  return out;
}

std::uint64_t Tokenizer::number(std::uint64_t most) {
  const std::size_t from = at_;
  std::uint64_t value = 0;
  for (; !at_end() && is_digit(text_[at_]); ++at_) {
    const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
    if (value > (most - digit) / 10) {
      throw unreadable_error("a number is too large");
    }
    value = value * 10 + digit;
  }
  if (at_ == from) {
    throw unreadable_error("a number is missing");
  }
  return value;
}

std::uint32_t Tokenizer::number32() {
  return static_cast<std::uint32_t>(number(std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t Tokenizer::number64() {
  return number(std::numeric_limits<std::int64_t>::max());
}

void Tokenizer::skip_value() {
  std::size_t depth = 0;
  do {
    skip_spaces();
    if (take('(')) {
      ++depth;
    } else if (depth > 0 && take(')')) {
      --depth;
    } else if (peek() == '"' || at_literal()) {
      astring();
    } else {
      item_name();
    }
  } while (depth > 0);
}

}  // namespace mailpipe::imap
