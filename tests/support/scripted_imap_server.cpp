#include "support/scripted_imap_server.hpp"

#include <sstream>

namespace mailpipe::test {
namespace {

std::string unescaped(const std::string& text, const std::vector<std::string>& tags) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && next == 'x') {
      out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else if (text[i] == '\\' && (next == 'r' || next == 'n' || next == 't' || next == '\\')) {
      out += next == 'r' ? '\r' : next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else if (text.compare(i, 4, "$tag") == 0 && !tags.empty()) {
      i += 3;
      std::size_t number = 0;
      while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9') {
        number = number * 10 + static_cast<std::size_t>(text[++i] - '0');
      }
      out += number == 0 ? tags.back() : tags.at(number - 1);
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

struct ScriptedImapServer::Player {
  Wire& wire;
  std::string where;
  std::vector<std::string> tags;
};

ScriptedImapServer::ScriptedImapServer(std::vector<std::string> scripts,
                                       std::optional<Certificate> certificate)
    : scripts_(std::move(scripts)),
      certificate_(std::move(certificate)) {
  listen();
}

ScriptedImapServer::~ScriptedImapServer() {
  shut_down();
}

std::string ScriptedImapServer::problem() {
  if (!wait_until_idle()) {
    note("a connection is still open");
  }
  const std::lock_guard lock(mutex_);
  if (problem_.empty() && played_ < scripts_.size()) {
    return std::to_string(scripts_.size()) + " connections expected, got " +
           std::to_string(played_);
  }
  return problem_;
}

std::vector<std::string> ScriptedImapServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

void ScriptedImapServer::note(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  problem_ += problem + "\n";
}

void ScriptedImapServer::serve(Wire& wire, std::size_t connection) {
  if (connection >= scripts_.size()) {
    note("connection " + std::to_string(connection + 1) + " is one more than the script has");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ++played_;
  }
  Player player{wire, {}, {}};
  std::istringstream script(scripts_[connection]);
  std::size_t number = 0;
  for (std::string row; std::getline(script, row);) {
    ++number;
    row.erase(0, row.find_first_not_of(' '));
    player.where =
        "connection " + std::to_string(connection + 1) + ", row " + std::to_string(number) + ": ";
    if (!row.empty() && row[0] != '#' && !play(player, row)) {
      return;
    }
  }
}

bool ScriptedImapServer::play(Player& player, const std::string& row) {
  const std::string kind = row.substr(0, 2);
  const std::string rest = row.size() > 3 ? row.substr(3) : "";
  if (kind == "S:" || kind == "S-") {
    return player.wire.send(unescaped(rest, player.tags) + (kind == "S:" ? "\r\n" : ""));
  }
  if (kind == "C:" || kind == "C-") {
    return expect(player, rest, kind == "C:");
  }
  if (kind == "! ") {
    return act(player, row.substr(2));
  }
  note(player.where + "what is this: " + row);
  return false;
}

bool ScriptedImapServer::expect(Player& player, const std::string& pattern, bool tagged) {
  const std::optional<std::string> line = player.wire.read_line();
  if (!line) {
    note(player.where + "expected \"" + pattern + "\", and the client closed the connection");
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    received_.push_back(*line);
  }
  std::string text = *line;
  if (tagged) {
    const std::size_t space = text.find(' ');
    player.tags.push_back(text.substr(0, space));
    text = space == std::string::npos ? "" : text.substr(space + 1);
  }
  if (matches(pattern, text)) {
    return true;
  }
  note(player.where + "expected \"" + pattern + "\", got \"" + text + "\"");
  return false;
}

bool ScriptedImapServer::act(Player& player, const std::string& words) {
  std::istringstream in(words);
  std::string verb;
  std::size_t first = 0;
  std::size_t second = 0;
  in >> verb >> first >> second;
  Wire& wire = player.wire;
  if (verb == "tls") {
    return certificate_ && wire.start_tls(*certificate_);
  }
  if (verb == "drip") {
    wire.drip(first, std::chrono::milliseconds(second));
    return true;
  }
  if (verb == "cut") {
    wire.cut_after(first);
    return true;
  }
  if (verb == "repeat") {
    const std::string text =
        unescaped(words.substr(words.find(' ', words.find(' ') + 1) + 1), player.tags);
    for (std::size_t i = 0; i < first; ++i) {
      if (!wire.send(text)) {
        return false;
      }
    }
    return true;
  }
  if (verb == "wait") {
    return wire.flush() && wire.pause(std::chrono::milliseconds(first));
  }
  if (verb == "stall") {
    wire.stall();
  } else if (verb == "reset") {
    wire.reset();
  } else if (verb != "close") {
    note(player.where + "what is this: " + words);
  }
  return false;
}

}  // namespace mailpipe::test
