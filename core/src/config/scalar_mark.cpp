#include "config/scalar_mark.hpp"

#include "config/yaml_text.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace mailpipe::config {
namespace {

/// The octet of a line at which its n-th character begins, from 0.
std::size_t octet_of(std::string_view line, int character) {
  std::size_t at = 0;
  for (; character > 0 && at < line.size(); --character) {
    at += std::max<std::size_t>(detail::decode_utf8(line.substr(at)).length, 1);
  }
  return at;
}

/// One octet of a scalar as it is written.
struct Written {
  char octet = 0;
  std::size_t length = 0;  ///< 0: cannot be followed
};

Written read_one(std::string_view raw, char quote) {
  if (raw.empty() || (quote != 0 && raw[0] == quote && !raw.starts_with("''"))) {
    return {};
  }
  if (quote == '\'' && raw.starts_with("''")) {
    return {'\'', 2};
  }
  if (quote == '"' && raw[0] == '\\') {
    constexpr std::string_view kFrom = "\\\"/ tn";
    constexpr std::string_view kTo = "\\\"/ \t\n";
    const std::size_t known = raw.size() < 2 ? std::string_view::npos : kFrom.find(raw[1]);
    return known == std::string_view::npos ? Written{} : Written{kTo[known], 2};
  }
  return {raw[0], 1};
}

/// How many octets of `raw` the first `count` octets of the text take.
std::optional<std::size_t> follow(std::string_view raw, std::string_view text, std::size_t count) {
  const char quote = raw.starts_with('"') || raw.starts_with('\'') ? raw[0] : '\0';
  std::size_t at = quote != 0 ? 1 : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Written one = read_one(raw.substr(std::min(at, raw.size())), quote);
    if (one.length == 0 || i >= text.size() || one.octet != text[i]) {
      return std::nullopt;
    }
    at += one.length;
  }
  return at;
}

}  // namespace

Mark mark_within(const Node& scalar, const Sources& sources, std::size_t offset,
                 std::size_t length) {
  const auto source = sources.find(scalar.mark.file);
  if (source == sources.end() || scalar.mark.line < 1) {
    return scalar.mark;
  }
  std::string_view all = source->second;
  if (all.starts_with("\xEF\xBB\xBF")) {
    all.remove_prefix(3);
  }
  const YamlText text(all, scalar.mark.file);
  const auto number = static_cast<std::size_t>(scalar.mark.line) - 1;
  const std::string_view line = text.line(number);
  std::size_t start = octet_of(line, scalar.mark.column - 1);
  if (line.substr(start).starts_with('&')) {  // an anchor
    start = std::min(line.find_first_not_of(' ', line.find(' ', start)), line.size());
  }
  const std::string_view raw = line.substr(start);
  const auto begin = follow(raw, scalar.text, offset);
  if (!begin) {
    return scalar.mark;
  }
  // A problem at the very end of a text is shown behind its last character.
  const auto end = follow(raw, scalar.text, std::min(offset + length, scalar.text.size()));
  const std::size_t octets = end && *end > *begin ? *end - *begin : 1;
  return text.mark(number, start + *begin, octets);
}

}  // namespace mailpipe::config
