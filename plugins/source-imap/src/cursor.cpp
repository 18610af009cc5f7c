#include "cursor.hpp"

#include <nlohmann/json.hpp>

#include <string_view>

namespace mailpipe::imap {

namespace {

using nlohmann::json;

/// Names are any octets, JSON is UTF-8: what is no plain ASCII becomes %xx.
std::string escaped(std::string_view octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet < 0x7F && c != '%') {
      out += c;
    } else {
      out += {'%', kDigits[octet >> 4U], kDigits[octet & 0xFU]};
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::string MailboxCursor::to_text() const {
  json out;
  out["v"] = 1;
  out["name"] = escaped(name);
  out["uidvalidity"] = uid_validity;
  out["epoch"] = epoch;
  if (gone) {
    out["gone"] = true;
    return out.dump();
  }
  if (!mailbox_id.empty()) {
    out["mailboxid"] = escaped(mailbox_id);
  }
  out["uidnext"] = uid_next;
  out["highestmodseq"] = highest_modseq;
  out["messages"] = messages;
  if (partial) {
    out["partial"] = true;
  }
  out["uids"] = known.text();
  return out.dump();
}

std::optional<MailboxCursor> MailboxCursor::from_text(const std::string& text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object() || in.value("v", json()) != 1) {
    return std::nullopt;
  }
  try {
    MailboxCursor cursor;
    cursor.name = unescaped(in.at("name").get<std::string>());
    cursor.uid_validity = in.at("uidvalidity").get<std::uint32_t>();
    cursor.epoch = in.at("epoch").get<std::uint32_t>();
    cursor.gone = in.value("gone", false);
    if (cursor.gone) {
      return cursor;
    }
    cursor.mailbox_id = unescaped(in.value("mailboxid", std::string()));
    cursor.uid_next = in.at("uidnext").get<std::uint32_t>();
    cursor.highest_modseq = in.at("highestmodseq").get<std::uint64_t>();
    cursor.messages = in.at("messages").get<std::uint64_t>();
    cursor.partial = in.value("partial", false);
    const std::string uids = in.at("uids").get<std::string>();
    if (!uids.empty()) {
      auto known = UidSet::parse(uids, 0xFFFFFFFFU);
      if (!known) {
        return std::nullopt;
      }
      cursor.known = std::move(*known);
    }
    return cursor;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace mailpipe::imap
