#include "keywords.hpp"

#include <algorithm>
#include <string_view>

namespace mailpipe::imap {

namespace {

std::string keyword_of(const std::string& flag) {
  std::string word = flag;
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  if (word.empty() || word.front() != '\\') {
    return word;
  }
  static constexpr std::string_view kSystem[] = {"\\answered", "\\deleted", "\\draft", "\\flagged",
                                                 "\\seen"};
  if (std::find(std::begin(kSystem), std::end(kSystem), word) == std::end(kSystem)) {
    return {};
  }
  word.front() = '$';
  return word;
}

}  // namespace

std::vector<std::string> keywords_of(const std::vector<std::string>& flags) {
  std::vector<std::string> out;
  for (const std::string& flag : flags) {
    if (std::string word = keyword_of(flag); !word.empty()) {
      out.push_back(std::move(word));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace mailpipe::imap
