#include "email.hpp"

#include "fields.hpp"
#include "utc_date.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

/// RFC 8621 4.1.1: at most 255 printable ASCII characters without a few that IMAP reserves. Others are left out: no sink
/// could write them back.
bool is_keyword(const std::string& text) {
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("(){]%*\"\\").find(static_cast<char>(c)) ==
                      std::string_view::npos;
         });
}

std::vector<std::string> keywords_of(const Fields& email) {
  std::vector<std::string> keywords;
  for (std::string keyword : email.true_keys("keywords")) {
    if (is_keyword(keyword)) {
      std::transform(keyword.begin(), keyword.end(), keyword.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      });
      keywords.push_back(std::move(keyword));
    }
  }
  std::sort(keywords.begin(), keywords.end());
  keywords.erase(std::unique(keywords.begin(), keywords.end()), keywords.end());
  return keywords;
}

Item read_email(const json& entry, const std::string& where, const std::string& account_id,
                StreamId stream) {
  const std::string id = Fields(entry, where).id("id");
  const Fields email(entry, where + ", Email " + id);
  Item item;
  item.key = email_key(account_id, id);
  item.stream = stream;
  item.server_id = id;
  item.ref = email.id("blobId");
  item.size = email.number("size");
  const std::string date = email.text("receivedAt");
  item.received_at = parse_utc_date(date);
  if (!item.received_at) {
    email.refuse("\"receivedAt\" is no UTC date: \"" + printable(date, 60) + "\"");
  }
  for (const std::string& mailbox : email.true_keys("mailboxIds")) {
    if (!is_id(mailbox)) {
      email.refuse("\"mailboxIds\" holds an invalid id: \"" + printable(mailbox, 100) + "\"");
    }
    item.places.push_back({mailbox, {}, {}});
  }
  item.keywords = keywords_of(email);
  return item;
}

}  // namespace

const json& email_properties() {
  static const json properties =
      json::array({"id", "blobId", "mailboxIds", "keywords", "size", "receivedAt"});
  return properties;
}

std::string email_key(const std::string& account_id, const std::string& email_id) {
  return "jmap:" + account_id + ":" + email_id;
}

std::string email_id_of(const std::string& key) {
  const std::size_t colon = key.rfind(':');
  return colon == std::string::npos ? std::string() : key.substr(colon + 1);
}

void EmailPage::require_all(const std::vector<std::string>& ids, const std::string& where) const {
  for (const std::string& id : ids) {
    if (found.count(id) == 0 && not_found.count(id) == 0) {
      throw Error(ErrorClass::Permanent,
                  printable(where) + ": the answer leaves out Email " + printable(id, 100));
    }
  }
}

EmailPage read_emails(const MethodResult& result, const std::string& account_id, StreamId stream) {
  const Fields fields(*result.arguments, result.where);
  EmailPage page;
  for (const json& entry : fields.array("list")) {
    Item item = read_email(entry, result.where, account_id, stream);
    if (page.found.insert(item.server_id).second) {
      page.items.push_back(std::move(item));
    }
  }
  if (fields.has("notFound")) {
    for (std::string& id : fields.ids("notFound")) {
      page.not_found.insert(std::move(id));
    }
  }
  return page;
}

}  // namespace mailpipe::jmap
