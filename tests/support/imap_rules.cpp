#include "support/imap_rules.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace mailpipe::testing {
namespace {

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// BODY[...], RFC822 and RFC822.TEXT set \Seen where a mailbox is open for writing.
bool fetch_sets_seen(const std::string& command) {
  const std::size_t size = command.find("RFC822.SIZE");
  std::string rest = command;
  if (size != std::string::npos) {
    rest.erase(size, std::string("RFC822.SIZE").size());
  }
  return has(rest, "BODY[") || has(rest, "BINARY[") || has(rest, "RFC822");
}

bool is_harmless(const std::string& logged) {
  static const std::set<std::string> kWords = {"AUTHENTICATE", "CAPABILITY", "DONE",   "ENABLE",
                                               "EXAMINE",      "ID",         "IDLE",   "LIST",
                                               "LOGIN",        "LOGOUT",     "LSUB",   "NAMESPACE",
                                               "NOOP",         "STARTTLS",   "STATUS", "UNSELECT"};
  const std::string command = upper(logged);
  const std::string verb = command.substr(0, command.find(' '));
  if (verb == "UID") {
    return command.starts_with("UID SEARCH ") ||
           (command.starts_with("UID FETCH ") && !fetch_sets_seen(command));
  }
  return kWords.contains(verb);
}

}  // namespace

std::vector<std::string> commands_that_may_change(const std::vector<std::string>& commands) {
  std::vector<std::string> out;
  std::copy_if(commands.begin(), commands.end(), std::back_inserter(out),
               [](const std::string& command) { return !is_harmless(command); });
  return out;
}

}  // namespace mailpipe::testing
