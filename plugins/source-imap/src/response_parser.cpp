#include "response_parser.hpp"

#include "errors.hpp"
#include "response_code.hpp"
#include "tokenizer.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <array>

namespace mailpipe::imap {

namespace {

std::optional<Completion::Status> status_of(std::string_view upper_word) {
  if (upper_word == "OK") {
    return Completion::Status::Ok;
  }
  if (upper_word == "NO") {
    return Completion::Status::No;
  }
  if (upper_word == "BAD") {
    return Completion::Status::Bad;
  }
  return std::nullopt;
}

Parsed parse_tagged(std::string_view text) {
  Tokenizer in(text);
  Tagged tagged;
  tagged.tag = in.atom();
  in.skip_spaces();
  const auto status = in.at_end() ? std::nullopt : status_of(upper(in.atom()));
  if (!status) {
    throw Error(ErrorClass::Transient,
                "the server's answer cannot be followed: \"" + printable(text, 60) + "\"",
                kLaterHint);
  }
  tagged.result = read_code(in.rest());
  tagged.result.status = *status;
  return tagged;
}

std::optional<char> read_separator(Tokenizer& in) {
  const std::optional<std::string> text = in.nstring();
  if (!text || text->empty()) {
    return std::nullopt;
  }
  if (text->size() > 1) {
    throw unreadable_error("a separator of more than one character");
  }
  return text->front();
}

void read_status_item(StatusData& data, const std::string& name, Tokenizer& in) {
  if (name == "UIDVALIDITY") {
    data.uid_validity = in.number32();
  } else if (name == "UIDNEXT") {
    data.uid_next = in.number32();
  } else if (name == "MESSAGES") {
    data.messages = in.number32();
  } else if (name == "HIGHESTMODSEQ") {
    data.highest_modseq = in.number64();
  } else if (name == "MAILBOXID") {
    in.expect('(');
    data.mailbox_id = in.astring();
    in.expect(')');
  } else {
    in.skip_value();
  }
}

Untagged parse_status(Tokenizer in) {
  StatusData data;
  in.skip_spaces();
  data.name = in.astring();
  in.skip_spaces();
  in.expect('(');
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    const std::string name = upper(in.atom());
    in.skip_spaces();
    read_status_item(data, name, in);
  }
  return data;
}

Untagged parse_search(Tokenizer in, UidSet listed) {
  SearchData data{std::move(listed), std::nullopt};
  for (in.skip_spaces(); !in.at_end(); in.skip_spaces()) {
    if (in.take('(')) {  // (MODSEQ 917162500), RFC 7162 section 3.1.5
      in.skip_spaces();
      if (upper(in.atom()) != "MODSEQ") {
        throw unreadable_error("SEARCH has something that is no UID");
      }
      in.skip_spaces();
      data.modseq = in.number64();
      in.skip_spaces();
      in.expect(')');
      continue;
    }
    const std::uint32_t uid = in.number32();
    if (uid == 0 || (!in.at_end() && in.peek() != ' ')) {
      throw unreadable_error("SEARCH has something that is no UID");
    }
    data.uids.add(uid);
  }
  return data;
}

void add_set(UidSet& to, std::string_view text) {
  const std::optional<UidSet> set = UidSet::parse(text);
  if (!set) {
    throw unreadable_error("a set of UIDs that is none");
  }
  to.add(*set);
}

Untagged parse_esearch(Tokenizer in, UidSet listed) {
  SearchData data{std::move(listed), std::nullopt};
  in.skip_spaces();
  if (in.peek() == '(') {  // (TAG "A285")
    in.skip_value();
  }
  for (in.skip_spaces(); !in.at_end(); in.skip_spaces()) {
    const std::string name = upper(in.atom());
    in.skip_spaces();
    if (name == "UID") {
      continue;
    }
    if (name == "ALL") {
      add_set(data.uids, in.atom());
    } else if (name == "MODSEQ") {
      data.modseq = in.number64();
    } else {
      in.skip_value();
    }
  }
  return data;
}

Untagged parse_vanished(Tokenizer in, UidSet listed) {
  VanishedData data{false, std::move(listed)};
  in.skip_spaces();
  if (in.take('(')) {
    data.earlier = upper(in.atom()) == "EARLIER";
    in.expect(')');
    in.skip_spaces();
  }
  if (!in.at_end()) {
    add_set(data.uids, in.atom());
  }
  return data;
}

std::vector<NamespaceData::Entry> read_namespaces(Tokenizer& in) {
  std::vector<NamespaceData::Entry> entries;
  in.skip_spaces();
  if (!in.take('(')) {
    if (upper(in.atom()) != "NIL") {
      throw unreadable_error("a namespace that is none");
    }
    return entries;
  }
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    in.expect('(');
    NamespaceData::Entry entry;
    entry.prefix = in.astring();
    in.skip_spaces();
    entry.separator = read_separator(in);
    for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
      in.skip_value();  // extensions, RFC 2342 section 6
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Untagged parse_namespace(Tokenizer in) {
  NamespaceData data;
  data.personal = read_namespaces(in);
  data.others = read_namespaces(in);
  data.shared = read_namespaces(in);
  return data;
}

bool is_known(std::string_view upper_word) {
  constexpr std::array<std::string_view, 2> kKnown = {"FLAGS", "LSUB"};
  return std::find(kKnown.begin(), kKnown.end(), upper_word) != kKnown.end();
}

}  // namespace

std::set<std::string> read_words(std::string_view text) {
  std::set<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) {
      words.insert(upper(text.substr(0, end)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Parsed ResponseParser::parse(std::string_view text, UidSet listed) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    return Continuation{std::string(text)};
  }
  if (text.rfind("* ", 0) != 0) {
    return parse_tagged(text);
  }
  return parse_untagged(text, std::move(listed));
}

Parsed ResponseParser::parse_untagged(std::string_view text, UidSet listed) {
  Tokenizer in(text.substr(2));
  in.skip_spaces();
  if (in.peek() >= '0' && in.peek() <= '9') {
    return parse_numbered(text);
  }
  const std::string word = upper(in.atom());
  if (const auto status = status_of(word)) {
    const Completion said = read_code(in.rest());
    check_code(said.code);
    return Untagged(Notice{*status, said.code, said.text});
  }
  in.skip_spaces();
  if (word == "BYE") {
    return Bye{std::string(in.rest())};
  }
  if (word == "PREAUTH") {
    return Preauth{read_code(in.rest())};
  }
  if (word == "CAPABILITY" || word == "ENABLED") {
    return Offered{read_words(in.rest()), word == "ENABLED"};
  }
  if (word == "LIST") {
    return parse_list(text);
  }
  if (word == "STATUS") {
    return parse_status(in);
  }
  if (word == "SEARCH") {
    return parse_search(in, std::move(listed));
  }
  if (word == "ESEARCH") {
    return parse_esearch(in, std::move(listed));
  }
  if (word == "VANISHED") {
    return parse_vanished(in, std::move(listed));
  }
  if (word == "NAMESPACE") {
    return parse_namespace(in);
  }
  if (word == "ID") {
    return parse_id(text);
  }
  return Other{word, is_known(word)};
}

Parsed ResponseParser::parse_numbered(std::string_view text) {
  Tokenizer in(text.substr(2));
  in.skip_spaces();
  const std::uint32_t number = in.number32();
  in.skip_spaces();
  const std::string word = upper(in.atom());
  if (word == "FETCH") {
    return read_fetch_row(text, etpan_);
  }
  if (word == "EXISTS") {
    return Untagged(ExistsData{number});
  }
  if (word == "EXPUNGE") {
    return Untagged(ExpungeData{number});
  }
  return Other{word, word == "RECENT"};
}

/// What follows the name (CHILDINFO, OLDNAME; RFC 5258, 5465) is cut off, and libetpan reads the rest; what it does not take
/// (attributes without backslash, names with braces or '%') is read here.
Untagged ResponseParser::parse_list(std::string_view text) {
  Tokenizer in(text);
  in.expect('*');
  in.skip_spaces();
  in.atom();
  in.skip_spaces();
  ListEntry own;
  in.expect('(');
  for (in.skip_spaces(); !in.take(')'); in.skip_spaces()) {
    own.attributes.emplace_back(in.atom());
  }
  in.skip_spaces();
  own.separator = read_separator(in);
  in.skip_spaces();
  own.name = in.astring();
  if (auto entry = etpan_.list(in.since(0)); entry && entry->name == own.name) {
    return *entry;
  }
  for (std::string& attribute : own.attributes) {
    std::transform(attribute.begin(), attribute.end(), attribute.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  return own;
}

Untagged ResponseParser::parse_id(std::string_view text) {
  if (auto data = etpan_.id(text)) {
    return *data;
  }
  return IdData{};  // about people's programs; nothing depends on it
}

}  // namespace mailpipe::imap
