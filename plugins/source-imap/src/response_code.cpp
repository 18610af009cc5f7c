#include "response_code.hpp"

#include "tokenizer.hpp"

namespace mailpipe::imap {

namespace {

/// Where the code that begins at text[0] ends: the bracket outside of quotes. npos: nowhere.
std::size_t end_of_code(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == ']' && !quoted) {
      return i;
    }
  }
  return text.find(']');
}

std::string_view without_spaces(std::string_view text) {
  const std::size_t from = text.find_first_not_of(' ');
  return from == std::string_view::npos ? std::string_view() : text.substr(from);
}

}  // namespace

Completion read_code(std::string_view text) {
  Completion result;
  text = without_spaces(text);
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = end_of_code(text);
    if (end != std::string_view::npos) {
      const std::string_view code = text.substr(1, end - 1);
      const std::size_t space = code.find(' ');
      result.code.name = upper(code.substr(0, space));
      if (space != std::string_view::npos) {
        result.code.argument = without_spaces(code.substr(space));
      }
      text = without_spaces(text.substr(end + 1));
    }
  }
  result.text = text;
  return result;
}

void check_code(const Code& code) {
  if (code.name == "UIDVALIDITY" || code.name == "UIDNEXT") {
    Tokenizer(code.argument).number32();
  } else if (code.name == "HIGHESTMODSEQ") {
    Tokenizer(code.argument).number64();
  }
}

}  // namespace mailpipe::imap
