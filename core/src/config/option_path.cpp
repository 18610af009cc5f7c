#include "config/option_path.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::config {

std::string pointer_of(const OptionPath& path) {
  std::string out;
  for (const std::string& step : path) {
    out += '/';
    for (const char c : step) {
      out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
  }
  return out;
}

std::string display_of(const OptionPath& path) {
  std::string out;
  for (const std::string& step : path) {
    const bool position = !step.empty() && std::all_of(step.begin(), step.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
    if (position) {
      out += "[" + step + "]";
    } else {
      out += (out.empty() ? "" : ".") + step;
    }
  }
  return out;
}

OptionPath below(OptionPath path, std::string step) {
  path.push_back(std::move(step));
  return path;
}

}  // namespace mailpipe::config
