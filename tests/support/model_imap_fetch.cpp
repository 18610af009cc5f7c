// FETCH of the model server.
#include "support/model_imap_session.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace mailpipe::test {
namespace {

std::string date_time(std::uint64_t content) {
  const auto seconds = static_cast<std::time_t>(1420070400 + content % 10000000 * 37);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  return {text.data(),
          std::strftime(text.data(), text.size(), "\"%d-%b-%Y %H:%M:%S +0000\"", &parts)};
}

/// The lines of those header fields and the empty line.
std::string fields_of(const std::string& header, const std::string& names) {
  std::set<std::string> wanted;
  ImapWords words(names);
  while (words.more()) {
    wanted.insert(upper(words.next()));
  }
  std::string out;
  bool taken = false;
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find("\r\n", at), header.size() - 2) + 2;
    const std::string line = header.substr(at, end - at);
    if (line[0] != ' ' && line[0] != '\t') {
      taken = line == "\r\n" || wanted.count(upper(line.substr(0, line.find(':')))) != 0;
    }
    out += taken ? line : "";
    at = end;
  }
  return out;
}

std::string section_of(const std::string& body, const std::string& section) {
  const std::size_t blank = body.find("\r\n\r\n");
  const std::string header = blank == std::string::npos ? body : body.substr(0, blank + 4);
  if (section.empty()) {
    return body;
  }
  if (section == "HEADER") {
    return header;
  }
  if (section.starts_with("HEADER.FIELDS (")) {
    return fields_of(header, section.substr(15, section.size() - 16));
  }
  return blank == std::string::npos ? "" : body.substr(blank + 4);
}

/// BODY.PEEK[section]<offset.length>, the answer without the PEEK and the length.
std::string body_item(const std::string& item, const std::string& body) {
  const std::size_t open = item.find('[');
  const std::size_t close = item.rfind(']');
  const std::string section = item.substr(open + 1, close - open - 1);
  std::string octets = section_of(body, section);
  std::string origin;
  if (close + 1 < item.size()) {
    const std::string partial = item.substr(close + 2);
    const std::size_t offset = std::min<std::size_t>(std::stoull(partial), octets.size());
    origin = "<" + partial.substr(0, partial.find('.')) + ">";
    octets = octets.substr(offset, std::stoull(partial.substr(partial.find('.') + 1)));
  }
  return "BODY[" + section + "]" + origin + " {" + std::to_string(octets.size()) + "}\r\n" + octets;
}

}  // namespace

void ModelImapSession::fetch(ImapWords& words, bool by_uid) {
  const std::string set = words.next();
  std::vector<std::string> items;
  ImapWords asked(words.next());
  while (asked.more()) {
    const std::string item = asked.next();
    items.push_back(item.starts_with("BODY") ? item : upper(item));
  }
  if (by_uid && std::find(items.begin(), items.end(), "UID") == items.end()) {
    items.insert(items.begin(), "UID");
  }
  const std::uint32_t last = view_->empty() ? 0 : view_->back().uid;
  const UidRanges ranges =
      ranges_of(set, by_uid ? last : static_cast<std::uint32_t>(view_->size()));
  std::uint64_t since = 0;
  ImapWords modifiers(words.next());
  while (modifiers.more()) {
    const std::string modifier = upper(modifiers.next());
    if (modifier == "CHANGEDSINCE") {
      need("CONDSTORE");
      since = std::stoull(modifiers.next());
      if (std::find(items.begin(), items.end(), "MODSEQ") == items.end()) {
        items.emplace_back("MODSEQ");
      }
    } else if (modifier == "VANISHED" && enabled_.count("QRESYNC") != 0) {
      put_vanished(ranges, since);
    } else {
      throw Refused{"BAD FETCH " + modifier};
    }
  }
  for (const auto& [first, end] : ranges) {
    auto at = by_uid ? std::lower_bound(
                           view_->begin(), view_->end(), first,
                           [](const ModelMessage& one, std::uint32_t uid) { return one.uid < uid; })
                     : view_->begin() + static_cast<std::ptrdiff_t>(std::max(first, 1U) - 1);
    for (; at != view_->end(); ++at) {
      const auto number = static_cast<std::size_t>(at - view_->begin()) + 1;
      if ((by_uid ? at->uid : number) > end) {
        break;
      }
      if (at->modseq > since) {
        fetch_row(*at, number, items);
      }
    }
  }
}

void ModelImapSession::fetch_row(const ModelMessage& message, std::size_t number,
                                 const std::vector<std::string>& items) {
  std::string flags;
  std::string body;
  std::string labels;
  std::optional<std::string> instead;
  const bool wants_body = std::any_of(
      items.begin(), items.end(), [](const std::string& item) { return item.starts_with("BODY"); });
  {
    const std::lock_guard lock(server_.mutex_);
    flags = server_.flag_lists_.at(message.flags);
    if (wants_body || std::find(items.begin(), items.end(), "RFC822.SIZE") != items.end()) {
      body = server_.body_of(message.content);
    }
    const std::pair<std::string, std::uint32_t> key(selected_, message.uid);
    const auto label = server_.labels_.find(key);
    labels = label == server_.labels_.end() ? "" : label->second;
    const auto row = server_.rows_.find(key);
    if (wants_body && row != server_.rows_.end()) {
      instead = row->second;
    }
  }
  const std::string sequence = std::to_string(number);
  if (instead) {
    for (std::size_t at = instead->find("$seq"); at != std::string::npos;
         at = instead->find("$seq", at)) {
      instead->replace(at, 4, sequence);
    }
    put(*instead);
    return;
  }
  std::string row;
  for (const std::string& item : items) {
    row += row.empty() ? "" : " ";
    if (item == "UID") {
      row += "UID " + std::to_string(message.uid);
    } else if (item == "FLAGS") {
      row += "FLAGS (" + flags + ")";
    } else if (item == "INTERNALDATE") {
      row += "INTERNALDATE " + date_time(message.content);
    } else if (item == "RFC822.SIZE") {
      row += "RFC822.SIZE " + std::to_string(body.size());
    } else if (item == "MODSEQ") {
      need("CONDSTORE");
      row += "MODSEQ (" + std::to_string(message.modseq) + ")";
    } else if (item == "EMAILID") {
      need("OBJECTID");
      row += "EMAILID (M" + std::to_string(message.content) + ")";
    } else if (item == "X-GM-MSGID" || item == "X-GM-THRID") {
      need("X-GM-EXT-1");
      row += item + " " + std::to_string(1600000000000000000U + message.content);
    } else if (item == "X-GM-LABELS") {
      need("X-GM-EXT-1");
      row += "X-GM-LABELS (" + labels + ")";
    } else if (item.starts_with("BODY[") || item.starts_with("BODY.PEEK[")) {
      row += body_item(item, body);
    } else {
      throw Refused{"BAD FETCH " + item};
    }
  }
  put("* " + sequence + " FETCH (" + row + ")\r\n");
}

}  // namespace mailpipe::test
