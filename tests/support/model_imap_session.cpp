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

void ModelImapSession::start_tls() {
  if (!offers("STARTTLS") || encrypted_) {
    throw Refused{"BAD no STARTTLS here"};
  }
  put(tag_ + " OK begin\r\n");
  encrypted_ = true;
  if (!wire_.start_tls(*server_.options_.certificate)) {
    throw Ended{};
  }
}

void ModelImapSession::login(ImapWords& words) {
  if (offers("LOGINDISABLED") && !encrypted_) {
    throw Refused{"NO [PRIVACYREQUIRED] not in plain"};
  }
  words.next();
  if (words.next() != server_.options_.password) {
    throw Refused{"NO [AUTHENTICATIONFAILED] wrong"};
  }
  authenticated_ = true;
  put(tag_ + " OK [CAPABILITY " + capabilities() + "] in\r\n");
}

void ModelImapSession::authenticate(ImapWords& words) {
  const std::string mechanism = upper(words.next());
  need("AUTH=" + mechanism);
  std::string initial = words.next();
  if (initial.empty()) {
    put("+ \r\n");
    initial = wire_.read_line().value_or("*");
  } else {
    need("SASL-IR");
  }
  const std::string said = base64_decoded(initial);
  bool right = false;
  if (mechanism == "PLAIN") {
    right = said.ends_with(std::string(1, '\0') + server_.options_.password);
  } else {
    const std::lock_guard lock(server_.mutex_);
    for (const std::string& token : server_.options_.tokens) {
      right = right || said.find("auth=Bearer " + token + "\x01") != std::string::npos;
    }
  }
  if (!right && mechanism != "PLAIN") {
    put("+ eyJzdGF0dXMiOiI0MDEifQ==\r\n");  // {"status":"401"}
    wire_.read_line();
  }
  if (!right) {
    throw Refused{"NO [AUTHENTICATIONFAILED] wrong"};
  }
  authenticated_ = true;
  put(tag_ + " OK [CAPABILITY " + capabilities() + "] in\r\n");
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

void ModelImapSession::list(ImapWords& words) {
  bool only_special = false;
  std::string reference = words.next();
  if (reference == "SPECIAL-USE" || reference == "SUBSCRIBED") {
    only_special = reference == "SPECIAL-USE";
    need("LIST-EXTENDED");
    reference = words.next();
  }
  std::string pattern = reference + words.next();
  std::string items;
  if (upper(words.next()) == "RETURN") {
    need("LIST-EXTENDED");
    ImapWords options(words.next());
    while (options.more()) {
      if (upper(options.next()) == "STATUS") {
        need("LIST-STATUS");
        items = options.next();
      }
    }
  }
  std::map<std::string, std::string> found;
  {
    const std::lock_guard lock(server_.mutex_);
    for (const auto& [name, mailbox] : server_.mailboxes_) {
      if (lists(pattern, name, server_.options_.delimiter) &&
          (!only_special || !mailbox.attributes.empty())) {
        found[name] = offers("SPECIAL-USE") ? mailbox.attributes : "";
      }
    }
  }
  for (const auto& [name, attributes] : found) {
    put("* LIST (" + attributes + ") \"" + server_.options_.delimiter + "\" " + quoted(name) +
        "\r\n");
    if (!items.empty() && attributes.find("\\Noselect") == std::string::npos) {
      status(name, items);
    }
  }
}

void ModelImapSession::status(const std::string& name, const std::string& items) {
  const ModelMailbox mailbox = snapshot(name);
  std::string values;
  ImapWords words(items);
  while (words.more()) {
    const std::string item = upper(words.next());
    std::uint64_t value = 0;
    if (item == "MAILBOXID") {
      need("OBJECTID");
      values += (values.empty() ? "MAILBOXID (" : " MAILBOXID (") + mailbox.id + ")";
      continue;
    }
    if (item == "MESSAGES") {
      value = mailbox.messages->size();
    } else if (item == "UIDNEXT") {
      value = mailbox.uidnext;
    } else if (item == "UIDVALIDITY") {
      value = mailbox.uidvalidity;
    } else if (item == "HIGHESTMODSEQ") {
      need("CONDSTORE");
      value = mailbox.highestmodseq;
    } else if (item != "RECENT" && item != "UNSEEN") {
      throw Refused{"BAD STATUS " + item};
    }
    values += (values.empty() ? "" : " ") + item + " " + std::to_string(value);
  }
  put("* STATUS " + quoted(name) + " (" + values + ")\r\n");
}

void ModelImapSession::select(ImapWords& words, bool read_only) {
  const std::string name = words.next();
  selected_.clear();
  view_.reset();
  const ModelMailbox mailbox = snapshot(name);
  selected_ = name;
  view_ = mailbox.messages;
  put("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* " +
      std::to_string(view_->size()) + " EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY " +
      std::to_string(mailbox.uidvalidity) + "] x\r\n* OK [UIDNEXT " +
      std::to_string(mailbox.uidnext) + "] x\r\n");
  put(offers("CONDSTORE")
          ? "* OK [HIGHESTMODSEQ " + std::to_string(mailbox.highestmodseq) + "] x\r\n"
          : std::string());
  put(offers("OBJECTID") ? "* OK [MAILBOXID (" + mailbox.id + ")] x\r\n" : std::string());
  ImapWords parameters(words.next());
  while (parameters.more()) {
    const std::string parameter = upper(parameters.next());
    need(parameter);
    if (parameter == "QRESYNC") {
      if (enabled_.count("QRESYNC") == 0) {
        throw Refused{"BAD ENABLE QRESYNC first"};
      }
      resync(parameters.next(), mailbox);
    }
  }
  put(tag_ + (read_only ? " OK [READ-ONLY] done\r\n" : " OK [READ-WRITE] done\r\n"));
}

void ModelImapSession::put_vanished(const UidRanges& within, std::uint64_t since) {
  const ModelMailbox mailbox = snapshot(selected_);
  std::vector<std::uint32_t> gone;
  for (const auto& [modseq, uid] : mailbox.vanished) {
    for (const auto& [first, last] : within) {
      if (modseq > since && uid >= first && uid <= last) {
        gone.push_back(uid);
        break;
      }
    }
  }
  std::sort(gone.begin(), gone.end());
  if (!gone.empty()) {
    put("* VANISHED (EARLIER) " + set_of(gone) + "\r\n");
  }
}

/// RFC 7162, section 3.2.5: what changed since the client was here, if the UIDVALIDITY is the same.
void ModelImapSession::resync(const std::string& parameters, const ModelMailbox& mailbox) {
  ImapWords words(parameters);
  if (std::stoull(words.next()) != mailbox.uidvalidity) {
    return;
  }
  const std::uint64_t since = std::stoull(words.next());
  put_vanished({{1, UINT32_MAX}}, since);
  std::size_t number = 0;
  for (const ModelMessage& message : *view_) {
    ++number;
    if (message.modseq > since) {
      fetch_row(message, number, {"UID", "FLAGS", "MODSEQ"});
    }
  }
}

/// What happened to the mailbox since this session looked.
void ModelImapSession::tell_changes() {
  if (!view_) {
    return;
  }
  const Messages before = view_;
  view_ = snapshot(selected_).messages;
  std::set<std::uint32_t> left;
  for (const ModelMessage& message : *view_) {
    left.insert(message.uid);
  }
  std::size_t kept = 0;
  for (std::size_t i = before->size(); i > 0; --i) {
    const std::uint32_t uid = (*before)[i - 1].uid;
    kept += left.count(uid);
    if (left.count(uid) == 0) {
      put(enabled_.count("QRESYNC") != 0 ? "* VANISHED " + std::to_string(uid) + "\r\n"
                                         : "* " + std::to_string(i) + " EXPUNGE\r\n");
    }
  }
  if (view_->size() != kept) {
    put("* " + std::to_string(view_->size()) + " EXISTS\r\n");
  }
}

void ModelImapSession::search(ImapWords& words, bool by_uid) {
  bool extended = false;
  bool all = true;
  std::string wanted;
  if (upper(words.peek()) == "RETURN") {
    need("ESEARCH");
    words.next();
    extended = true;
    wanted = upper(words.next());
    all = wanted.empty() || wanted.find("ALL") != std::string::npos;
  }
  UidRanges uids = {{1, UINT32_MAX}};
  std::uint64_t since = 0;
  while (words.more()) {
    const std::string key = upper(words.next());
    if (key == "UID") {
      uids = ranges_of(words.next(), view_->empty() ? 0 : view_->back().uid);
    } else if (key == "MODSEQ") {
      need("CONDSTORE");
      since = std::stoull(words.next());
    } else if (key != "ALL" && key != "1:*") {
      throw Refused{"BAD SEARCH " + key};
    }
  }
  std::vector<std::uint32_t> found;
  std::uint32_t number = 0;
  for (const ModelMessage& message : *view_) {
    ++number;
    const bool within = std::any_of(uids.begin(), uids.end(), [&](const auto& range) {
      return message.uid >= range.first && message.uid <= range.second;
    });
    if (within && message.modseq >= since) {
      found.push_back(by_uid ? message.uid : number);
    }
  }
  if (!extended) {
    put("* SEARCH");
    for (const std::uint32_t one : found) {
      put(" " + std::to_string(one));
    }
    put("\r\n");
    return;
  }
  std::string values;
  if (wanted.find("COUNT") != std::string::npos) {
    values += " COUNT " + std::to_string(found.size());
  }
  if (!found.empty() && wanted.find("MIN") != std::string::npos) {
    values += " MIN " + std::to_string(found.front());
  }
  if (!found.empty() && wanted.find("MAX") != std::string::npos) {
    values += " MAX " + std::to_string(found.back());
  }
  if (!found.empty() && all) {
    values += " ALL " + set_of(found);
  }
  put("* ESEARCH (TAG " + quoted(tag_) + ")" + (by_uid ? " UID" : "") + values + "\r\n");
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
