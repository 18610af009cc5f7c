#include "support/command_log.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace mailpipe::testing {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The n of a line that ends in {n} or {n+}.
std::optional<std::size_t> literal_of(std::string_view line) {
  const std::size_t open = line.rfind('{');
  if (!line.ends_with('}') || open == std::string_view::npos) {
    return std::nullopt;
  }
  std::size_t size = 0;
  const auto [end, failure] =
      std::from_chars(line.data() + open + 1, line.data() + line.size() - 1, size);
  const std::string_view rest(end, static_cast<std::size_t>(line.data() + line.size() - end));
  return failure == std::errc{} && (rest == "}" || rest == "+}") ? std::optional(size)
                                                                 : std::nullopt;
}

std::string_view take_line(std::string_view& octets) {
  const std::size_t end = std::min(octets.find('\n'), octets.size());
  std::string_view line = octets.substr(0, end);
  octets.remove_prefix(std::min(end + 1, octets.size()));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

/// Length of "<1795334603<" at that place, or 0.
std::size_t stamp_at(std::string_view text, std::size_t at, char mark) {
  std::size_t end = at + 1;
  while (end < text.size() && is_digit(text[end])) {
    ++end;
  }
  return end > at + 9 && end < text.size() && text[end] == mark ? end + 1 - at : 0;
}

}  // namespace

std::vector<std::string> commands_in(std::string_view octets) {
  constexpr std::size_t kShown = 1024;
  std::vector<std::string> commands;
  while (!octets.empty()) {
    std::string command(take_line(octets));
    while (const auto size = literal_of(command)) {
      const std::size_t there = std::min(*size, octets.size());
      command += there <= kShown ? std::string(octets.substr(0, there)) : "...";
      octets.remove_prefix(there);
      const std::string_view rest = take_line(octets);
      if (there < *size) {
        break;
      }
      command += rest;
      if (rest.empty()) {
        break;
      }
    }
    const std::size_t space = command.find(' ');
    if (!command.empty()) {
      commands.push_back(space == std::string::npos ? command : command.substr(space + 1));
    }
  }
  return commands;
}

std::string client_octets_of_rawlog(std::string_view file) {
  std::string octets;
  while (!file.empty()) {
    const std::size_t end = std::min(file.find('\n'), file.size() - 1) + 1;
    std::string_view line = file.substr(0, end);
    file.remove_prefix(end);
    const std::size_t stamp = line.find(' ');
    line.remove_prefix(stamp == std::string_view::npos ? 0 : stamp + 1);
    octets += line;
  }
  return octets;
}

std::vector<std::string> client_octets_of_telemetry(std::string_view file) {
  std::vector<std::string> sessions;
  bool from_client = false;
  for (std::size_t at = 0; at < file.size();) {
    if (file.substr(at).starts_with("---------- ")) {
      sessions.emplace_back();
      from_client = false;
    }
    const char mark = file[at];
    const std::size_t stamp = mark == '<' || mark == '>' ? stamp_at(file, at, mark) : 0;
    if (stamp > 0) {
      from_client = mark == '<';
      at += stamp;
      continue;
    }
    if (from_client && !sessions.empty()) {
      sessions.back() += mark;
    }
    ++at;
  }
  return sessions;
}

void append_commands(std::string_view octets, std::vector<std::string>& commands) {
  const std::vector<std::string> found = commands_in(octets);
  if (std::find(found.begin(), found.end(), kTestAccountId) == found.end()) {
    commands.insert(commands.end(), found.begin(), found.end());
  }
}

}  // namespace mailpipe::testing
