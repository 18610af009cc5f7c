#include "support/model_imap_session.hpp"

#include "support/scripted_imap_server.hpp"

#include <algorithm>
#include <charconv>

namespace mailpipe::test {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// Taken off the line: its {n} or {n+}, and whether the client waits.
struct Literal {
  std::size_t size = 0;
  bool waits = false;
};

std::optional<Literal> take_literal(std::string& line) {
  const std::size_t open = line.rfind('{');
  if (!line.ends_with('}') || open == std::string::npos) {
    return std::nullopt;
  }
  Literal literal;
  literal.waits = line[line.size() - 2] != '+';
  std::from_chars(line.data() + open + 1, line.data() + line.size(), literal.size);
  line.erase(open);
  return literal;
}

}  // namespace

void ModelImapSession::run() {
  try {
    if (server_.options_.implicit_tls) {
      encrypted_ = true;
      if (!wire_.start_tls(*server_.options_.certificate)) {
        return;
      }
    }
    authenticated_ = server_.options_.greeting.starts_with("* PREAUTH");
    put(replaced(server_.options_.greeting, "$capabilities", capabilities()));
    while (const auto command = read_command()) {
      answer(*command);
    }
  } catch (const Ended&) {
  }
}

/// Without its tag.
std::optional<std::string> ModelImapSession::read_command() {
  std::optional<std::string> line = wire_.read_line();
  while (line) {
    const std::optional<Literal> literal = take_literal(*line);
    if (!literal) {
      break;
    }
    if (literal->waits) {
      put("+ go on\r\n");
    } else if (!offers("LITERAL+")) {
      put("* BYE LITERAL+ was not offered\r\n");
      return std::nullopt;
    }
    const auto octets = wire_.read_octets(literal->size);
    const auto rest = wire_.read_line();
    if (!octets || !rest) {
      return std::nullopt;
    }
    *line += quoted(*octets) + *rest;
  }
  if (!line) {
    return std::nullopt;
  }
  const std::size_t space = line->find(' ');
  tag_ = line->substr(0, space);
  return space == std::string::npos ? std::string() : line->substr(space + 1);
}

void ModelImapSession::put(std::string_view octets) {
  if (left_ && octets.size() >= *left_) {
    wire_.send(octets.substr(0, *left_));
    wire_.send(tail_);
    finish(ending_);
    throw Ended{};
  }
  if (left_) {
    *left_ -= octets.size();
  }
  if (!wire_.send(octets)) {
    throw Ended{};
  }
}

void ModelImapSession::finish(ModelHook::Ending ending) {
  if (ending == ModelHook::Ending::Reset) {
    wire_.reset();
  } else if (ending == ModelHook::Ending::Stall) {
    wire_.stall();
  }
}

void ModelImapSession::answer(const std::string& command) {
  ImapWords first(command);
  std::string shown = upper(first.peek());
  shown += command.substr(std::min(shown.size(), command.size()));
  const std::optional<ModelHook> hook = server_.hook_for(shown, selected_);
  if (!hook) {
    obey(command);
    return;
  }
  if (hook->wait.count() > 0 && (!wire_.flush() || !wire_.pause(hook->wait))) {
    throw Ended{};
  }
  if (hook->drip_octets > 0) {
    wire_.drip(hook->drip_octets, hook->drip_pause);
  }
  put(hook->before);
  left_ = hook->cut;
  tail_ = hook->tail;
  ending_ = hook->ending;
  if (hook->instead) {
    put(replaced(*hook->instead, "$tag", tag_));
  } else {
    obey(command);
  }
  left_.reset();
  if (hook->ending != ModelHook::Ending::None) {
    finish(hook->ending);
    throw Ended{};
  }
}

void ModelImapSession::obey(const std::string& command) {
  ImapWords words(command);
  std::string verb = upper(words.next());
  try {
    if (obey_anyone(verb, words)) {
      return;
    }
    if (!authenticated_) {
      throw Refused{"BAD not before login"};
    }
    if (verb == "SELECT" || verb == "EXAMINE") {
      select(words, verb == "EXAMINE");
      return;
    }
    obey_selected(verb, words);
    put(tag_ + " OK done\r\n");
  } catch (const Refused& refused) {
    put(tag_ + " " + refused.answer + "\r\n");
  }
}

/// True: answered.
bool ModelImapSession::obey_anyone(const std::string& verb, ImapWords& words) {
  if (verb == "CAPABILITY") {
    put("* CAPABILITY " + capabilities() + "\r\n");
  } else if (verb == "LOGOUT") {
    put("* BYE see you\r\n" + tag_ + " OK done\r\n");
    throw Ended{};
  } else if (verb == "ID") {
    need("ID");
    put("* ID (\"name\" \"model\")\r\n");
  } else if (verb == "STARTTLS") {
    start_tls();
    return true;
  } else if (verb == "LOGIN") {
    login(words);
    return true;
  } else if (verb == "AUTHENTICATE") {
    authenticate(words);
    return true;
  } else if (verb == "NOOP") {
    tell_changes();
  } else {
    return false;
  }
  put(tag_ + " OK done\r\n");
  return true;
}

void ModelImapSession::obey_selected(const std::string& verb, ImapWords& words) {
  if (verb == "ENABLE") {
    enable(words);
  } else if (verb == "NAMESPACE") {
    need("NAMESPACE");
    put(std::string("* NAMESPACE ((\"\" \"") + server_.options_.delimiter + "\")) NIL NIL\r\n");
  } else if (verb == "LIST" || verb == "LSUB") {
    list(words);
  } else if (verb == "STATUS") {
    const std::string mailbox = words.next();
    status(mailbox, words.next());
  } else if (verb == "CLOSE" || verb == "UNSELECT") {
    selected_.clear();
    view_.reset();
  } else if (verb == "IDLE") {
    need("IDLE");
    put("+ idling\r\n");
    if (!wire_.read_line()) {
      throw Ended{};
    }
    tell_changes();
  } else {
    const bool by_uid = verb == "UID";
    const std::string what = by_uid ? upper(words.next()) : verb;
    if (!view_ || (what != "FETCH" && what != "SEARCH")) {
      throw Refused{"BAD the model does not do that here"};
    }
    what == "FETCH" ? fetch(words, by_uid) : search(words, by_uid);
  }
}

void ModelImapSession::enable(ImapWords& words) {
  need("ENABLE");
  std::string done;
  while (words.more()) {
    const std::string word = upper(words.next());
    if (offers(word)) {
      enabled_.insert(word);
      done += " " + word;
    }
  }
  put("* ENABLED" + done + "\r\n");
}

bool ModelImapSession::offers(const std::string& word) const {
  ImapWords words(server_.options_.capabilities);
  while (words.more()) {
    if (words.next() == word) {
      return true;
    }
  }
  return false;
}

void ModelImapSession::need(const std::string& word) const {
  if (!offers(word)) {
    throw Refused{"BAD " + word + " was not offered"};
  }
}

std::string ModelImapSession::capabilities() const {
  std::string offered = "IMAP4rev1";
  ImapWords words(server_.options_.capabilities);
  while (words.more()) {
    const std::string word = words.next();
    if (!encrypted_ || (word != "STARTTLS" && word != "LOGINDISABLED")) {
      offered += " " + word;
    }
  }
  return offered;
}

ModelMailbox ModelImapSession::snapshot(const std::string& mailbox) const {
  const std::lock_guard lock(server_.mutex_);
  const auto found = server_.mailboxes_.find(upper(mailbox) == "INBOX" ? "INBOX" : mailbox);
  if (found == server_.mailboxes_.end()) {
    throw Refused{"NO [NONEXISTENT] no such mailbox"};
  }
  return found->second;
}

}  // namespace mailpipe::test
