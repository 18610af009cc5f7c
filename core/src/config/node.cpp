#include "config/node.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace mailpipe::config {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool parse_integer(std::string_view text, std::int64_t& out) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
    if (text.starts_with('-')) return false;
  } else if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (!all_digits(text)) return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_real(std::string_view text, double& out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find_first_not_of("-+.0123456789eE") != std::string_view::npos ||
      text.find_first_of("0123456789") == std::string_view::npos) {
    return false;  // from_chars would take inf and nan
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

const Entry* Node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

Node make_scalar(std::string text, bool plain, Mark mark) {
  Node node;
  node.plain = plain;
  node.mark = std::move(mark);
  node.octets = text.size();
  node.type = Node::Type::String;
  if (plain) {
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
      node.type = Node::Type::Null;
    } else if (text == "true" || text == "True" || text == "TRUE") {
      node.type = Node::Type::Boolean;
      node.boolean = true;
    } else if (text == "false" || text == "False" || text == "FALSE") {
      node.type = Node::Type::Boolean;
    } else if (parse_integer(text, node.integer)) {
      node.type = Node::Type::Integer;
      node.real = static_cast<double>(node.integer);
    } else if (parse_real(text, node.real)) {
      node.type = Node::Type::Real;
    }
  }
  node.text = std::move(text);
  return node;
}

std::string describe(const Node& node) {
  switch (node.type) {
    case Node::Type::Null:
      return "nothing";
    case Node::Type::List:
      return "a list";
    case Node::Type::Map:
      return "a mapping";
    case Node::Type::Boolean:
    case Node::Type::Integer:
    case Node::Type::Real:
      return node.text;
    case Node::Type::String:
      break;
  }
  constexpr std::size_t kShown = 60;
  return node.text.size() <= kShown ? "'" + node.text + "'"
                                    : "'" + node.text.substr(0, kShown) + "...'";
}

}  // namespace mailpipe::config
