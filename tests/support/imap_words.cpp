#include "support/imap_words.hpp"

#include <algorithm>
#include <cstdlib>

namespace mailpipe::test {

bool ImapWords::more() {
  at_ = std::min(text_.find_first_not_of(' ', at_), text_.size());
  return at_ < text_.size();
}

std::string ImapWords::next() {
  if (!more()) {
    return {};
  }
  std::string word;
  if (text_[at_] == '"') {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      at_ += text_[at_] == '\\' ? 1 : 0;
      word += text_[at_];
    }
    ++at_;
    return word;
  }
  const bool list = text_[at_] == '(';
  int depth = 0;
  bool in_quotes = false;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    in_quotes = in_quotes != (c == '"');
    if (!in_quotes) {
      depth += c == '(' || c == '[' ? 1 : c == ')' || c == ']' ? -1 : 0;
      if (c == ' ' && depth == 0) {
        break;
      }
    }
    word += c;
  }
  return list ? word.substr(1, word.size() - 2) : word;
}

std::string ImapWords::peek() {
  const std::size_t before = at_;
  std::string word = next();
  at_ = before;
  return word;
}

UidRanges ranges_of(const std::string& set, std::uint32_t last) {
  UidRanges ranges;
  const auto number = [last](const std::string& text) {
    return text == "*" ? last : static_cast<std::uint32_t>(std::strtoul(text.c_str(), nullptr, 10));
  };
  for (std::size_t at = 0; at < set.size();) {
    const std::size_t end = std::min(set.find(',', at), set.size());
    const std::string part = set.substr(at, end - at);
    const std::size_t colon = part.find(':');
    const std::uint32_t one = number(part.substr(0, colon));
    const std::uint32_t two = colon == std::string::npos ? one : number(part.substr(colon + 1));
    ranges.emplace_back(std::min(one, two), std::max(one, two));
    at = end + 1;
  }
  return ranges;
}

std::string set_of(const std::vector<std::uint32_t>& numbers) {
  std::string set;
  for (std::size_t i = 0; i < numbers.size();) {
    std::size_t end = i;
    while (end + 1 < numbers.size() && numbers[end + 1] == numbers[end] + 1) {
      ++end;
    }
    set += (set.empty() ? "" : ",") + std::to_string(numbers[i]);
    if (end > i) {
      set += ":" + std::to_string(numbers[end]);
    }
    i = end + 1;
  }
  return set;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' || c == '\\' ? "\\" : "";
    out += c;
  }
  return out + "\"";
}

std::string base64_decoded(std::string_view text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      break;
    }
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFFU);
    }
  }
  return out;
}

bool lists(std::string_view pattern, std::string_view name, char delimiter) {
  if (pattern.empty()) {
    return name.empty();
  }
  if (pattern[0] == '*' || pattern[0] == '%') {
    for (std::size_t taken = 0; taken <= name.size(); ++taken) {
      if (lists(pattern.substr(1), name.substr(taken), delimiter)) {
        return true;
      }
      if (pattern[0] == '%' && taken < name.size() && name[taken] == delimiter) {
        return false;
      }
    }
    return false;
  }
  return !name.empty() && pattern[0] == name[0] &&
         lists(pattern.substr(1), name.substr(1), delimiter);
}

}  // namespace mailpipe::test
