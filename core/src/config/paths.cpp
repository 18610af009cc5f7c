#include "config/paths.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace mailpipe::config {
namespace {

std::string home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') {
    return home;
  }
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr && entry->pw_dir != nullptr ? entry->pw_dir : "/";
}

}  // namespace

std::optional<std::string> absolute_path(std::string_view text,
                                         const std::filesystem::path& folder) {
  if (text.empty() || (text.starts_with('~') && text != "~" && !text.starts_with("~/"))) {
    return std::nullopt;
  }
  std::filesystem::path path(text);
  if (text.starts_with('~')) {
    path = home_folder() + std::string(text.substr(1));
  } else if (path.is_relative()) {
    path = folder / path;
  }
  std::string normal = path.lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) {
    normal.pop_back();
  }
  return normal;
}

}  // namespace mailpipe::config
