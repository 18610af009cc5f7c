#include "location.hpp"

#include "staging_names.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::maildir {
namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

}  // namespace

std::vector<std::string> split(std::string_view location) {
  std::vector<std::string> out;
  while (!location.empty()) {
    const std::size_t slash = location.find('/');
    out.emplace_back(location.substr(0, slash));
    location = slash == std::string_view::npos ? std::string_view() : location.substr(slash + 1);
  }
  return out;
}

std::string beneath(const std::string& location, const std::string& name) {
  return location.empty() ? name : location + "/" + name;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out = beneath(out, name);
  }
  return out;
}

std::optional<Location> parse_location(std::string_view text) {
  std::vector<std::string> parts = split(text);
  if (parts.size() < 2 || text.ends_with('/') ||
      !std::all_of(parts.begin(), parts.end(), is_plain)) {
    return std::nullopt;
  }
  Location out;
  out.name = std::move(parts.back());
  parts.pop_back();
  const auto sub = std::find(kSubs.begin(), kSubs.end(), parts.back());
  if (sub == kSubs.end() || out.name.front() == '.') {
    return std::nullopt;
  }
  out.sub = static_cast<Sub>(sub - kSubs.begin());
  parts.pop_back();
  out.folder = join(parts);
  return out;
}

std::optional<Location> parse_place(const std::string& text) {
  auto location = parse_location(text);
  if (!location || location->sub == Sub::Tmp) {
    return std::nullopt;
  }
  return location;
}

std::optional<Location> parse_token(const std::string& token) {
  auto location = parse_location(token);
  if (!location || location->sub != Sub::Tmp || !StagingNames::is_ours(location->name)) {
    return std::nullopt;
  }
  return location;
}

}  // namespace mailpipe::maildir
