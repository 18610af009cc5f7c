#include "config/likely_secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace mailpipe::config {
namespace {

bool names_a_secret(std::string_view before) {
  constexpr std::array<std::string_view, 5> kNames{"token", "password", "passwd", "passphrase",
                                                   "secret"};
  before = before.substr(0, before.find_last_not_of(" \t\"'") + 1);
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
    return before.size() >= name.size() &&
           std::equal(name.begin(), name.end(),
                      before.end() - static_cast<std::ptrdiff_t>(name.size()), [](char a, char b) {
                        return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
                      });
  });
}

bool refers(std::string_view value) {
  return value.empty() || value.starts_with('{') || value.starts_with('*') ||
         value.starts_with('|') || value.starts_with('>') || value.starts_with("********") ||
         value.starts_with("${{") || value.starts_with("\"${{") || value.starts_with("'${{");
}

/// Where the secret begins on the line, or npos.
std::size_t secret_in(std::string_view line) {
  for (std::size_t at = line.find_first_of(":="); at != std::string_view::npos;
       at = line.find_first_of(":=", at + 1)) {
    const std::size_t value = line.find_first_not_of(" \t", at + 1);
    if (value != std::string_view::npos && names_a_secret(line.substr(0, at)) &&
        !refers(line.substr(value))) {
      return value;
    }
  }
  return std::string_view::npos;
}

std::string masked(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t secret = secret_in(line);
    out += secret == std::string_view::npos ? std::string(line)
                                            : std::string(line.substr(0, secret)) + "********";
    out += end < text.size() ? "\n" : "";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

void mask_likely_secrets(Sources& sources) {
  for (auto& [name, text] : sources) {
    text = masked(text);
  }
}

}  // namespace mailpipe::config
