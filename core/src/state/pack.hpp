#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::state {

/// Lists of foreign octets in one column, as netstrings ("3:abc,"): nothing needs escaping, whatever a server sends.
inline std::string pack(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    out += std::to_string(part.size());
    out += ':';
    out += part;
    out += ',';
  }
  return out;
}

/// Undoes pack(). What is malformed ends the list: only we write these.
inline std::vector<std::string> unpack(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || text.size() - used < 2 || size > text.size() - used - 2) {
      return out;
    }
    out.emplace_back(text.substr(used + 1, size));
    text.remove_prefix(used + 2 + size);
  }
  return out;
}

}  // namespace mailpipe::state
