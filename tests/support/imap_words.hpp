#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// The words of an IMAP command, literals made quoted strings before: atoms, strings without their quotes, lists with all that
/// is between their outer parentheses.
class ImapWords {
 public:
  explicit ImapWords(std::string text) : text_(std::move(text)) {}

  bool more();

  /// Empty at the end.
  std::string next();

  /// Does not take it.
  std::string peek();

 private:
  std::string text_;
  std::size_t at_ = 0;
};

using UidRanges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

/// "1,3:5,7:*", with `last` for the *.
UidRanges ranges_of(const std::string& set, std::uint32_t last);

/// The other way, for ascending numbers.
std::string set_of(const std::vector<std::uint32_t>& numbers);

std::string upper(std::string text);
std::string quoted(std::string_view text);
std::string base64_decoded(std::string_view text);

/// LIST's pattern: % stops at the delimiter.
bool lists(std::string_view pattern, std::string_view name, char delimiter);

}  // namespace mailpipe::test
