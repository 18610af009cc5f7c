#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::maildir {

enum class Sub : std::uint8_t { Cur, New, Tmp };

inline constexpr std::array<const char*, 3> kSubs = {"cur", "new", "tmp"};

inline const char* name_of(Sub sub) {
  return kSubs.at(static_cast<std::size_t>(sub));
}

/// Where a file lies: "Lists/dev/cur/<name>".
struct Location {
  std::string folder;  ///< "Lists/dev", or empty for the root
  Sub sub = Sub::Cur;
  std::string name;

  std::string text() const {
    return (folder.empty() ? "" : folder + "/") + name_of(sub) + "/" + name;
  }
};

/// What a ledger or a caller says is not believed: nothing when it could lead out of the root.
std::optional<Location> parse_location(std::string_view text);

/// The same, where it is a message's: not in tmp/.
std::optional<Location> parse_place(const std::string& text);

/// The same, where it is a staged file of ours.
std::optional<Location> parse_token(const std::string& token);

/// "a/b" as "a" and "b", and back.
std::vector<std::string> split(std::string_view location);
std::string join(const std::vector<std::string>& names);

std::string beneath(const std::string& location, const std::string& name);

}  // namespace mailpipe::maildir
