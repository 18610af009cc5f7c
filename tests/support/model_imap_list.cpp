// LIST and STATUS of the model server.
#include "support/model_imap_session.hpp"

namespace mailpipe::test {

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

}  // namespace mailpipe::test
