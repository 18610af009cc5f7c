#include "config/yaml_text.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::config {

std::size_t characters(std::string_view text) noexcept {
  constexpr std::size_t kCounted = 1024;
  const std::string_view head = text.substr(0, kCounted);
  const auto starts = std::count_if(head.begin(), head.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
  return static_cast<std::size_t>(starts) + (text.size() - head.size());
}

YamlText::YamlText(std::string_view text, std::string file)
    : text_(text),
      file_(std::move(file)),
      starts_{0} {
  for (std::size_t at = text_.find('\n'); at != std::string_view::npos;
       at = text_.find('\n', at + 1)) {
    starts_.push_back(at + 1);
  }
}

std::string_view YamlText::line(std::size_t number) const {
  if (number >= starts_.size()) {
    return {};
  }
  const std::size_t begin = starts_[number];
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] - 1 : text_.size();
  std::string_view line = text_.substr(begin, end - begin);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

Mark YamlText::mark(std::size_t number, std::size_t column, std::size_t length) const {
  const std::string_view whole = line(number);
  const std::size_t at = std::min(column, whole.size());
  const std::size_t width = characters(whole.substr(at, std::min<std::size_t>(length, 200)));
  return {file_, static_cast<int>(number) + 1,
          static_cast<int>(characters(whole.substr(0, at))) + 1,
          static_cast<int>(std::max<std::size_t>(width, 1))};
}

Mark YamlText::mark_scalar(std::size_t number, std::size_t column, std::size_t octets) const {
  const std::string_view rest = line(number).substr(std::min(column, line(number).size()));
  if (rest.starts_with('"') || rest.starts_with('\'')) {
    std::size_t end = 1;
    while (end < rest.size() && end < 200 && rest[end] != rest[0]) {
      end += rest[end] == '\\' && rest[0] == '"' ? 2 : 1;
    }
    return mark(number, column, end + 1);
  }
  if (rest.starts_with('|') || rest.starts_with('>')) {
    return mark(number, column, 1);
  }
  return mark(number, column, octets);
}

bool YamlText::closes_quote(std::size_t number, std::size_t column) const {
  std::size_t at = number < starts_.size() ? starts_[number] + column : text_.size();
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
    at = text_.find_first_not_of(" \t\r\n",
                                 std::min(text_.find_first_of(" \t\r\n", at), text_.size()));
  }
  if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) {
    return true;  // a block scalar
  }
  const char quote = text_[at];
  for (++at; at < text_.size() && text_[at] != quote; ++at) {
    at += quote == '"' && text_[at] == '\\' ? 1 : 0;
  }
  return at < text_.size();
}

}  // namespace mailpipe::config
