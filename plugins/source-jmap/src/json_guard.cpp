#include "json_guard.hpp"

#include <cstddef>

namespace mailpipe::jmap {

bool is_tame_json(std::string_view text) noexcept {
  constexpr int kDeepest = 64;
  constexpr std::size_t kMostValues = 2'000'000;
  int depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    switch (c) {
      case '"':
        in_string = true;
        break;
      case '[':
      case '{':
        ++values;
        if (++depth > kDeepest) {
          return false;
        }
        break;
      case ']':
      case '}':
        --depth;
        break;
      case ',':
        ++values;
        break;
      default:
        break;
    }
    if (values > kMostValues) {
      return false;
    }
  }
  return true;
}

}  // namespace mailpipe::jmap
