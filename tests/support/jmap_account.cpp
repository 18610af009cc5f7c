#include "support/jmap_account.hpp"

#include "support/cyrus_server.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace mailpipe::testing {
namespace {

using nlohmann::json;

constexpr const char* kMail = "urn:ietf:params:jmap:mail";

json as_set(const std::set<std::string>& names) {
  json set = json::object();
  for (const std::string& name : names) {
    set[name] = true;
  }
  return set;
}

std::set<std::string> names_of(const json& set) {
  std::set<std::string> names;
  for (const auto& entry : set.items()) {
    names.insert(entry.key());
  }
  return names;
}

/// Set methods tell failures of single objects inside an answer that is otherwise a success.
void require_done(const json& result, const char* failures) {
  if (result.contains(failures) && !result[failures].is_null() && !result[failures].empty()) {
    throw std::runtime_error("JMAP: " + result[failures].dump());
  }
}

}  // namespace

JmapAccount::JmapAccount(const CyrusServer& server, const std::string& user)
    : base_(server.https_url()),
      user_(user),
      http_(user, CyrusServer::password(), server.ca_file()) {
  const HttpAnswer answer = http_.get(base_ + "/jmap");
  if (answer.status != 200) {
    throw std::runtime_error("JMAP session: " + std::to_string(answer.status));
  }
  const json session = json::parse(answer.body);
  account_id_ = session.at("primaryAccounts").at(kMail).get<std::string>();
  api_url_ = base_ + session.at("apiUrl").get<std::string>();
}

std::string JmapAccount::call(const std::string& method, const std::string& arguments) {
  json parsed = json::parse(arguments);
  parsed["accountId"] = account_id_;
  const json request = {{"using", {"urn:ietf:params:jmap:core", kMail}},
                        {"methodCalls", json::array({json::array({method, parsed, "0"})})}};
  const HttpAnswer answer = http_.post(api_url_, request.dump(), "application/json");
  if (answer.status != 200) {
    throw std::runtime_error(method + ": " + std::to_string(answer.status) + " " + answer.body);
  }
  const json response = json::parse(answer.body).at("methodResponses").at(0);
  if (response.at(0) != method) {
    throw std::runtime_error(method + ": " + response.dump());
  }
  return response.at(1).dump();
}

std::string JmapAccount::upload(const std::string& bytes) {
  const HttpAnswer answer =
      http_.post(base_ + "/jmap/upload/" + account_id_ + "/", bytes, "message/rfc822");
  if (answer.status / 100 != 2) {
    throw std::runtime_error("upload: " + std::to_string(answer.status) + " " + answer.body);
  }
  return json::parse(answer.body).at("blobId").get<std::string>();
}

std::string JmapAccount::download(const std::string& blob_id) {
  HttpAnswer answer = http_.get(base_ + "/jmap/download/" + account_id_ + "/" + blob_id +
                                "/message?accept=application/octet-stream");
  if (answer.status != 200) {
    throw std::runtime_error("download: " + std::to_string(answer.status));
  }
  return std::move(answer.body);
}

std::string JmapAccount::import_message(const std::string& message, const JmapImport& how) {
  std::set<std::string> places = how.mailbox_ids;
  if (places.empty()) {
    if (inbox_.empty()) {
      inbox_ = mailbox("Inbox");
    }
    places = {inbox_};
  }
  json email = {{"blobId", upload(message)},
                {"mailboxIds", as_set(places)},
                {"keywords", as_set(how.keywords)}};
  if (!how.received_at.empty()) {
    email["receivedAt"] = how.received_at;
  }
  const json result = json::parse(call("Email/import", json{{"emails", {{"new", email}}}}.dump()));
  require_done(result, "notCreated");
  return result.at("created").at("new").at("id").get<std::string>();
}

std::string JmapAccount::create_mailbox(const std::string& name, const std::string& parent) {
  json made = {{"name", name}};
  made["parentId"] = parent.empty() ? json(nullptr) : json(parent);
  const json result = json::parse(call("Mailbox/set", json{{"create", {{"new", made}}}}.dump()));
  require_done(result, "notCreated");
  return result.at("created").at("new").at("id").get<std::string>();
}

void JmapAccount::rename_mailbox(const std::string& id, const std::string& name) {
  const json patch = {{"name", name}};
  require_done(json::parse(call("Mailbox/set", json{{"update", {{id, patch}}}}.dump())),
               "notUpdated");
}

void JmapAccount::destroy_mailbox(const std::string& id) {
  const json arguments = {{"destroy", json::array({id})}, {"onDestroyRemoveEmails", true}};
  require_done(json::parse(call("Mailbox/set", arguments.dump())), "notDestroyed");
}

std::string JmapAccount::mailbox(const std::string& name) {
  const json result = json::parse(call("Mailbox/get", R"({"ids": null})"));
  for (const json& each : result.at("list")) {
    if (each.at("name") == name) {
      return each.at("id").get<std::string>();
    }
  }
  throw std::runtime_error("no mailbox " + name);
}

void JmapAccount::update_email(const std::string& id, const std::string& patch) {
  const json update = {{"update", {{id, json::parse(patch)}}}};
  require_done(json::parse(call("Email/set", update.dump())), "notUpdated");
}

void JmapAccount::move(const std::string& email, const std::set<std::string>& mailbox_ids) {
  update_email(email, json{{"mailboxIds", as_set(mailbox_ids)}}.dump());
}

void JmapAccount::set_keywords(const std::string& email, const std::set<std::string>& keywords) {
  update_email(email, json{{"keywords", as_set(keywords)}}.dump());
}

void JmapAccount::destroy(const std::string& email) {
  const json arguments = {{"destroy", json::array({email})}};
  require_done(json::parse(call("Email/set", arguments.dump())), "notDestroyed");
}

std::vector<std::string> JmapAccount::email_ids() {
  std::vector<std::string> ids;
  for (;;) {
    const json arguments = {{"position", ids.size()},
                            {"limit", 4096},
                            {"sort", json::array({{{"property", "receivedAt"}}})}};
    const json result = json::parse(call("Email/query", arguments.dump()));
    for (const json& id : result.at("ids")) {
      ids.push_back(id.get<std::string>());
    }
    if (result.at("ids").empty()) {
      return ids;
    }
  }
}

std::vector<JmapEmail> JmapAccount::get_emails(const std::string& ids) {
  const json arguments = {
      {"ids", json::parse(ids)},
      {"properties", {"id", "blobId", "mailboxIds", "keywords", "receivedAt", "size", "subject"}}};
  const json result = json::parse(call("Email/get", arguments.dump()));
  if (!result.at("notFound").empty()) {
    throw std::runtime_error("no such Email: " + result.at("notFound").dump());
  }
  std::vector<JmapEmail> emails;
  for (const json& each : result.at("list")) {
    emails.push_back({.id = each.at("id"),
                      .blob_id = each.at("blobId"),
                      .mailbox_ids = names_of(each.at("mailboxIds")),
                      .keywords = names_of(each.at("keywords")),
                      .received_at = each.at("receivedAt"),
                      .size = each.at("size"),
                      .subject = each.at("subject").is_null() ? "" : each.at("subject")});
  }
  return emails;
}

JmapEmail JmapAccount::email(const std::string& id) {
  return get_emails(json::array({id}).dump()).at(0);
}

std::vector<JmapEmail> JmapAccount::emails() {
  const std::vector<std::string> ids = email_ids();
  std::vector<JmapEmail> all;
  constexpr std::size_t kChunk = 2000;
  for (std::size_t at = 0; at < ids.size(); at += kChunk) {
    json chunk = json::array();
    for (std::size_t i = at; i < std::min(ids.size(), at + kChunk); ++i) {
      chunk.push_back(ids[i]);
    }
    for (JmapEmail& each : get_emails(chunk.dump())) {
      all.push_back(std::move(each));
    }
  }
  return all;
}

}  // namespace mailpipe::testing
