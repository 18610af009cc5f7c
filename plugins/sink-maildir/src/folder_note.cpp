#include "folder_note.hpp"

#include <mailpipe/printable.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>

namespace mailpipe::maildir {
namespace {

using nlohmann::json;

constexpr std::size_t kLongest = std::size_t{64} * 1024;

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = detail::decode_utf8(text).length;
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

/// JSON has no octets but those of UTF-8.
json component_json(const std::string& component) {
  if (is_utf8(component)) {
    return component;
  }
  json octets = json::array();
  for (const char c : component) {
    octets.push_back(static_cast<unsigned char>(c));
  }
  return octets;
}

std::optional<std::string> component_of(const json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  std::string out;
  for (const json& octet : value) {
    if (!octet.is_number_unsigned() || octet.get<std::uint64_t>() > 255) {
      return std::nullopt;
    }
    out += static_cast<char>(octet.get<unsigned>());
  }
  return out;
}

}  // namespace

std::string note_text(const std::vector<std::string>& path) {
  json components = json::array();
  for (const std::string& component : path) {
    components.push_back(component_json(component));
  }
  return json{{"path", components}}.dump() + "\n";
}

std::optional<std::vector<std::string>> parse_note(std::string_view text) {
  const json note = json::parse(text, nullptr, false);
  if (!note.is_object() || !note.contains("path") || !note["path"].is_array()) {
    return std::nullopt;
  }
  std::vector<std::string> path;
  for (const json& component : note["path"]) {
    auto decoded = component_of(component);
    if (!decoded) {
      return std::nullopt;
    }
    path.push_back(std::move(*decoded));
  }
  return path;
}

FolderNote read_note(Fs& fs, const File& folder) {
  const std::string path = folder.path() + "/" + kFolderNote;
  const int fd =
      fs.openat(folder.fd(), kFolderNote, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd == -ENOENT) {
    return {};
  }
  if (fd < 0) {
    throw_errno(fd, "cannot open", path);
  }
  const File file(fs, fd, path);
  std::string text;
  for (std::string part(4096, '\0'); text.size() < kLongest;) {
    const std::int64_t n = fs.pread(fd, part.data(), part.size(), text.size());
    if (n < 0) {
      throw_errno(static_cast<int>(n), "cannot read", path);
    }
    if (n == 0) {
      break;
    }
    text.append(part, 0, static_cast<std::size_t>(n));
  }
  return {true, parse_note(text)};
}

}  // namespace mailpipe::maildir
