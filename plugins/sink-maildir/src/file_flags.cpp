#include "file_flags.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mailpipe::maildir {
namespace {

constexpr std::string_view kInfo = ":2,";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

FileName parse_name(std::string_view name) {
  FileName out;
  const std::size_t info = name.find(kInfo);
  out.base = name.substr(0, info);
  if (info != std::string_view::npos) {
    const std::string_view behind = name.substr(info + kInfo.size());
    out.has_info = true;
    out.flags = behind.substr(0, behind.find(','));
    out.rest = behind.substr(out.flags.size());
  }
  return out;
}

std::string name_with(std::string_view base, std::string letters, std::string_view rest) {
  std::sort(letters.begin(), letters.end());
  letters.erase(std::unique(letters.begin(), letters.end()), letters.end());
  return std::string(base).append(kInfo).append(letters).append(rest);
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

char system_letter(std::string_view keyword) {
  constexpr std::array<std::pair<std::string_view, char>, 6> kLetters = {{{"$seen", 'S'},
                                                                          {"$answered", 'R'},
                                                                          {"$flagged", 'F'},
                                                                          {"$draft", 'D'},
                                                                          {"$deleted", 'T'},
                                                                          {"$forwarded", 'P'}}};
  for (const auto& [name, letter] : kLetters) {
    if (equal_but_for_case(name, keyword)) {
      return letter;
    }
  }
  return 0;
}

bool is_never_stored(std::string_view keyword) {
  return equal_but_for_case(keyword, "$recent");
}

}  // namespace mailpipe::maildir
