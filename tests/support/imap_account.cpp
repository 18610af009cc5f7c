#include "support/imap_account.hpp"

#include "support/command_log.hpp"

#include <gnutls/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace mailpipe::testing {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

std::string date_time(std::int64_t instant) {
  const std::time_t seconds = instant;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "\"%d-%b-%Y %H:%M:%S +0000\"", &parts)};
}

/// "29-Feb-2024 23:59:58 +0100"
std::int64_t instant_of(const std::string& date) {
  std::tm parts{};
  const char* rest = ::strptime(date.c_str(), "%d-%b-%Y %H:%M:%S ", &parts);
  if (rest == nullptr) {
    throw std::runtime_error("no INTERNALDATE: " + date);
  }
  const int zone = std::stoi(std::string(rest + 1, 4));
  const std::int64_t offset = (zone / 100 * 60 + zone % 100) * 60;
  return ::timegm(&parts) - (*rest == '-' ? -offset : offset);
}

std::string sha256_of(std::string_view octets) {
  std::array<unsigned char, 32> digest{};
  gnutls_hash_fast(GNUTLS_DIG_SHA256, octets.data(), octets.size(), digest.data());
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string part(const std::vector<std::string>& flags, std::int64_t received_at,
                 std::string_view message) {
  std::string words;
  for (const std::string& flag : flags) {
    words += (words.empty() ? "" : " ") + flag;
  }
  return " (" + words + ") " + date_time(received_at) + " {" + std::to_string(message.size()) +
         "+}\r\n" + std::string(message);
}

/// What stands between `open` and `close`, after it.
std::string between(std::string_view text, std::string_view open, char close) {
  const std::size_t at = text.find(open);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::size_t start = at + open.size();
  return std::string(text.substr(start, text.find(close, start) - start));
}

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) {
      words.insert(text.substr(at, end - at));
    }
    at = end + 1;
  }
  return words;
}

/// "{5}\r\n" at the end of what was read so far.
std::optional<std::size_t> literal_at_end(std::string_view text) {
  const std::size_t open = text.rfind('{');
  if (!text.ends_with('}') || open == std::string_view::npos) {
    return std::nullopt;
  }
  std::size_t size = 0;
  const auto [end, failure] =
      std::from_chars(text.data() + open + 1, text.data() + text.size() - 1, size);
  return failure == std::errc{} && *end == '}' ? std::optional(size) : std::nullopt;
}

ImapMessage message_of(const std::string& response) {
  ImapMessage message;
  const std::size_t body = response.find("BODY[] {");
  if (body == std::string::npos) {
    throw std::runtime_error("no body: " + response.substr(0, 200));
  }
  const std::size_t start = response.find("\r\n", body) + 2;
  const std::size_t size = std::stoul(response.substr(body + 8));
  const std::string rest = response.substr(0, body) + response.substr(start + size);
  message.uid = static_cast<std::uint32_t>(std::stoul(between(rest, "UID ", ' ')));
  message.flags = words_of(between(rest, "FLAGS (", ')'));
  message.flags.erase("\\Recent");
  message.received_at = instant_of(between(rest, "INTERNALDATE \"", '"'));
  message.size = size;
  message.sha256 = sha256_of(std::string_view(response).substr(start, size));
  return message;
}

/// The mailbox name at the end of a LIST response.
std::string listed_name(const std::string& response) {
  const std::size_t delimiter = response.find(") ") + 2;
  const std::size_t at = response.find(' ', delimiter) + 1;
  if (response[at] == '{') {
    return response.substr(response.find("\r\n", at) + 2);
  }
  if (response[at] != '"') {
    return response.substr(at);
  }
  std::string name;
  for (std::size_t i = at + 1; i + 1 < response.size(); ++i) {
    i += response[i] == '\\' ? 1 : 0;
    name += response[i];
  }
  return name;
}

/// "1:3,7"
std::vector<std::uint32_t> uids_of(const std::string& set) {
  std::vector<std::uint32_t> uids;
  std::istringstream ranges(set);
  for (std::string range; std::getline(ranges, range, ',');) {
    const std::size_t colon = range.find(':');
    const unsigned long first = std::stoul(range);
    const unsigned long last =
        colon == std::string::npos ? first : std::stoul(range.substr(colon + 1));
    for (unsigned long uid = first; uid <= last; ++uid) {
      uids.push_back(static_cast<std::uint32_t>(uid));
    }
  }
  return uids;
}

/// "[COPYUID <UIDVALIDITY> <set> <set>]", in one of the responses.
std::map<std::uint32_t, std::uint32_t> copied(const std::vector<std::string>& responses) {
  std::map<std::uint32_t, std::uint32_t> out;
  for (const std::string& response : responses) {
    std::istringstream words(between(response, "[COPYUID ", ']'));
    std::string validity;
    std::string from;
    std::string to;
    if (words >> validity >> from >> to) {
      const auto here = uids_of(from);
      const auto there = uids_of(to);
      for (std::size_t i = 0; i < here.size(); ++i) {
        out[here[i]] = there.at(i);
      }
    }
  }
  return out;
}

}  // namespace

ImapAccount::ImapAccount(int port, std::string user, const std::string& password)
    : connection_(port),
      user_(std::move(user)) {
  connection_.read_until("* OK", "* ");
  command("LOGIN " + user_ + " " + password);
  command(std::string(kTestAccountId));
}

std::string ImapAccount::read_response() {
  std::string response = connection_.read_line();
  while (const auto size = literal_at_end(response)) {
    response += "\r\n" + connection_.read_octets(*size);
    const std::string rest = connection_.read_line();
    response += rest;
    if (rest.empty()) {
      break;  // else the end of the literal is taken for another's announcement
    }
  }
  return response;
}

std::vector<std::string> ImapAccount::command(const std::string& text) {
  connection_.send("t " + text + "\r\n");
  std::vector<std::string> responses;
  do {
    responses.push_back(read_response());
  } while (!responses.back().starts_with("t "));
  if (!responses.back().starts_with("t OK")) {
    throw std::runtime_error(text.substr(0, 200) + ": " + responses.back());
  }
  return responses;
}

void ImapAccount::create(const MailboxName& name) {
  command("CREATE " + quoted(name.octets()));
}

void ImapAccount::rename(const MailboxName& from, const MailboxName& to) {
  unselect();
  command("RENAME " + quoted(from.octets()) + " " + quoted(to.octets()));
}

void ImapAccount::remove(const MailboxName& name) {
  unselect();
  command("DELETE " + quoted(name.octets()));
}

void ImapAccount::subscribe(const MailboxName& name) {
  command("SUBSCRIBE " + quoted(name.octets()));
}

std::vector<std::string> ImapAccount::list() {
  std::vector<std::string> names;
  for (const std::string& response : command("LIST \"\" \"*\"")) {
    const std::string attributes = between(response, "(", ')');
    if (response.starts_with("* LIST ") && attributes.find("\\Noselect") == std::string::npos &&
        attributes.find("\\NonExistent") == std::string::npos) {
      names.push_back(MailboxName::raw(listed_name(response)).utf8());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint32_t ImapAccount::append(const MailboxName& name, std::string_view message,
                                  const AppendOptions& how) {
  const std::string answer =
      command("APPEND " + quoted(name.octets()) + part(how.flags, how.received_at, message)).back();
  const std::string code = between(answer, "[APPENDUID ", ']');
  return static_cast<std::uint32_t>(std::stoul(code.substr(code.find(' ') + 1)));
}

void ImapAccount::append_all(const MailboxName& name, const std::vector<SampleMail>& mails) {
  constexpr std::size_t kBatch = 4U << 20U;
  std::string parts;
  for (std::size_t i = 0; i < mails.size(); ++i) {
    parts += part(mails[i].flags, mails[i].received_at, mails[i].message);
    if (parts.size() > kBatch || i + 1 == mails.size()) {
      command("APPEND " + quoted(name.octets()) + parts);
      parts.clear();
    }
  }
}

void ImapAccount::select(const MailboxName& name) {
  if (selected_ != name.octets()) {
    command("SELECT " + quoted(name.octets()));
    selected_ = name.octets();
  }
}

/// Dovecot ends a session whose mailbox got another name or is gone.
void ImapAccount::unselect() {
  if (!selected_.empty()) {
    command("UNSELECT");
    selected_.clear();
  }
}

void ImapAccount::add_flags(const MailboxName& name, const std::string& uids,
                            const std::string& flags) {
  select(name);
  command("UID STORE " + uids + " +FLAGS.SILENT (" + flags + ")");
}

void ImapAccount::remove_flags(const MailboxName& name, const std::string& uids,
                               const std::string& flags) {
  select(name);
  command("UID STORE " + uids + " -FLAGS.SILENT (" + flags + ")");
}

void ImapAccount::set_flags(const MailboxName& name, const std::string& uids,
                            const std::string& flags) {
  select(name);
  command("UID STORE " + uids + " FLAGS.SILENT (" + flags + ")");
}

void ImapAccount::expunge(const MailboxName& name, const std::string& uids) {
  add_flags(name, uids, "\\Deleted");
  command("UID EXPUNGE " + uids);
}

std::map<std::uint32_t, std::uint32_t> ImapAccount::move(const MailboxName& name,
                                                         const std::string& uids,
                                                         const MailboxName& to) {
  select(name);
  return copied(command("UID MOVE " + uids + " " + quoted(to.octets())));
}

std::map<std::uint32_t, std::uint32_t> ImapAccount::copy(const MailboxName& name,
                                                         const std::string& uids,
                                                         const MailboxName& to) {
  select(name);
  return copied(command("UID COPY " + uids + " " + quoted(to.octets())));
}

std::vector<ImapMessage> ImapAccount::messages(const MailboxName& name) {
  select(name);
  command("NOOP");
  connection_.send("t UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n");
  std::vector<ImapMessage> messages;
  for (;;) {
    const std::string response = read_response();
    if (response.starts_with("t ")) {
      if (!response.starts_with("t OK")) {
        throw std::runtime_error("UID FETCH: " + response);
      }
      break;
    }
    if (response.find(" FETCH (") != std::string::npos) {
      messages.push_back(message_of(response));
    }
  }
  std::sort(messages.begin(), messages.end(),
            [](const ImapMessage& a, const ImapMessage& b) { return a.uid < b.uid; });
  return messages;
}

std::map<std::string, std::uint64_t> ImapAccount::status(const MailboxName& name,
                                                         const std::string& items) {
  std::map<std::string, std::uint64_t> values;
  for (const std::string& response :
       command("STATUS " + quoted(name.octets()) + " (" + items + ")")) {
    if (!response.starts_with("* STATUS")) {
      continue;
    }
    std::string rest = response.substr(response.rfind('(') + 1);
    for (char& c : rest) {
      c = c == ')' ? ' ' : c;
    }
    for (std::size_t at = 0; at < rest.size();) {
      const std::size_t space = rest.find(' ', at);
      const std::size_t end = std::min(rest.find(' ', space + 1), rest.size());
      if (space == std::string::npos || space + 1 >= rest.size()) {
        break;
      }
      values[rest.substr(at, space - at)] = std::stoull(rest.substr(space + 1, end - space - 1));
      at = end + 1;
    }
  }
  return values;
}

}  // namespace mailpipe::testing
