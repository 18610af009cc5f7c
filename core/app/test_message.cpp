#include "test_message.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace mailpipe::app {

namespace {

std::vector<std::string> path_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string level; std::getline(in, level, '/');) {
    out.push_back(level);
  }
  return out;
}

/// Lines end in CRLF, as mail does.
std::string with_crlf(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && (out.empty() || out.back() != '\r')) {
      out += '\r';
    }
    out += c;
  }
  return out;
}

/// A field is one line, whatever its value.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  if (!file.is_open() || file.bad() || !std::filesystem::is_regular_file(path)) {
    throw Error(ErrorClass::Config, "the message '" + path.string() + "' cannot be read",
                "'file' under 'given' counts from the folder of the pipeline file");
  }
  return out.str();
}

}  // namespace

Item item_of(const config::TestMessage& message, const std::string& octets) {
  Item out;
  out.key = message.key;
  out.server_id = message.id;
  out.size = message.size.value_or(octets.size());
  out.received_at = message.received_at;
  out.keywords = message.keywords;
  out.initial = message.initial;
  for (const std::string& mailbox : message.mailboxes) {
    out.places.push_back({.id = mailbox, .path = path_of(mailbox), .role = {}});
  }
  return out;
}

std::string octets_of(const config::TestMessage& message) {
  if (message.file) {
    return read(*message.file);
  }
  std::string out;
  for (const auto& [name, value] : message.headers) {
    out += one_line(name) + ": " + one_line(value) + "\r\n";
  }
  return out + "\r\n" + with_crlf(message.body);
}

}  // namespace mailpipe::app
