#include "support/fake_jmap.hpp"

#include <algorithm>

namespace mailpipe::test {

namespace {

using Json = nlohmann::json;

std::string blob_of(const FakeEmail& email) {
  return email.blob_id.empty() ? "b" + email.id : email.blob_id;
}

Json to_json(const FakeEmail& email) {
  Json json = {{"id", email.id},
               {"blobId", blob_of(email)},
               {"size", email.bytes.size()},
               {"receivedAt", email.received_at}};
  json["mailboxIds"] = Json::object();
  json["keywords"] = Json::object();
  for (const std::string& mailbox : email.mailboxes) {
    json["mailboxIds"][mailbox] = true;
  }
  for (const std::string& keyword : email.keywords) {
    json["keywords"][keyword] = true;
  }
  return json;
}

/// "#ids": the value of an earlier answer in place of a reference to it.
Json resolved(Json arguments, const Json& responses) {
  if (!arguments.contains("#ids")) {
    return arguments;
  }
  const Json reference = arguments.at("#ids");
  arguments.erase("#ids");
  for (const Json& response : responses) {
    if (response[2] == reference.at("resultOf") && response[0] == reference.at("name")) {
      arguments["ids"] = response.at(1).at(reference.at("path").get<std::string>().substr(1));
      return arguments;
    }
  }
  return FakeJmap::error("invalidResultReference");
}

}  // namespace

FakeJmap::FakeJmap(std::optional<Certificate> certificate) : http_(std::move(certificate)) {
  session_ = {{"capabilities",
               {{"urn:ietf:params:jmap:core", {{"maxObjectsInGet", 500}}},
                {"urn:ietf:params:jmap:mail", Json::object()}}},
              {"accounts",
               {{"a1",
                 {{"name", "ann"},
                  {"accountCapabilities", {{"urn:ietf:params:jmap:mail", Json::object()}}}}}}},
              {"apiUrl", "/jmap/api/"},
              {"downloadUrl", "/jmap/download/{accountId}/{blobId}/{name}?type={type}"},
              {"state", "0"}};
  mailboxes_["inbox"] = {
      {"id", "inbox"}, {"name", "Inbox"}, {"parentId", nullptr}, {"role", "inbox"}};
  http_.on("/jmap/session", unless_mishap([this](const HttpSeen&) {
             const std::lock_guard lock(mutex_);
             return Reply::json(session_.dump());
           }));
  http_.on("/jmap/api/", unless_mishap([this](const HttpSeen& request) { return api(request); }));
  http_.on("/jmap/download/",
           unless_mishap([this](const HttpSeen& request) { return download(request); }));
}

ScriptedHttpServer::Handler FakeJmap::unless_mishap(ScriptedHttpServer::Handler good) {
  return [this, good = std::move(good)](const HttpSeen& request) {
    Mishap mishap;
    std::function<Reply(Reply)> frame;
    {
      const std::lock_guard lock(mutex_);
      mishap = mishap_;
      frame = frame_;
    }
    std::optional<Reply> bad = mishap ? mishap(request) : std::nullopt;
    Reply reply = bad ? std::move(*bad) : good(request);
    return frame ? frame(std::move(reply)) : reply;
  };
}

void FakeJmap::frame(std::function<Reply(Reply)> how) {
  const std::lock_guard lock(mutex_);
  frame_ = std::move(how);
}

void FakeJmap::forget() {
  http_.forget_requests();
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

void FakeJmap::on_request(Mishap mishap) {
  const std::lock_guard lock(mutex_);
  mishap_ = std::move(mishap);
}

void FakeJmap::add(FakeEmail email) {
  const std::lock_guard lock(mutex_);
  log_.push_back({'c', email.id});
  emails_.push_back(std::move(email));
}

void FakeJmap::touch(const std::string& id, std::vector<std::string> keywords) {
  const std::lock_guard lock(mutex_);
  log_.push_back({'u', id});
  const_cast<FakeEmail*>(find(id))->keywords = std::move(keywords);
}

void FakeJmap::destroy(const std::string& id) {
  const std::lock_guard lock(mutex_);
  log_.push_back({'d', id});
  emails_.erase(std::find_if(emails_.begin(), emails_.end(),
                             [&](const FakeEmail& email) { return email.id == id; }));
}

void FakeJmap::add_mailbox(const std::string& id, const std::string& name,
                           const std::string& parent) {
  const std::lock_guard lock(mutex_);
  mailbox_log_.push_back({'c', id});
  mailboxes_[id] = {{"id", id},
                    {"name", name},
                    {"parentId", parent.empty() ? Json() : Json(parent)},
                    {"role", nullptr}};
}

void FakeJmap::destroy_mailbox(const std::string& id) {
  const std::lock_guard lock(mutex_);
  mailbox_log_.push_back({'d', id});
  mailboxes_.erase(id);
}

void FakeJmap::override_method(const std::string& method, Override change) {
  const std::lock_guard lock(mutex_);
  overrides_[method] = std::move(change);
}

void FakeJmap::edit_session(const std::function<void(Json&)>& edit) {
  const std::lock_guard lock(mutex_);
  edit(session_);
}

std::size_t FakeJmap::calls(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(method);
  return found == seen_.end() ? 0 : found->second.size();
}

FakeJmap::Json FakeJmap::last_arguments(const std::string& method) const {
  const std::lock_guard lock(mutex_);
  return seen_.at(method).back();
}

/// RFC 8620 3.6.1 for a request that was damaged on its way.
Reply FakeJmap::api(const HttpSeen& request) {
  try {
    return answer(Json::parse(request.body));
  } catch (const std::exception&) {
    return Reply::error(400, R"({"type":"urn:ietf:params:jmap:error:notRequest"})");
  }
}

Reply FakeJmap::answer(const Json& body) {
  const std::lock_guard lock(mutex_);
  Json responses = Json::array();
  for (const Json& call : body.at("methodCalls")) {
    const Json arguments = resolved(call.at(1), responses);
    Json answer = arguments.contains("is_error") ? arguments : run(call.at(0), arguments);
    const bool failed = answer.contains("is_error");
    answer.erase("is_error");
    responses.push_back(Json::array({failed ? Json("error") : call.at(0), answer, call.at(2)}));
  }
  return Reply::json(Json{{"methodResponses", responses}, {"sessionState", "0"}}.dump());
}

FakeJmap::Json FakeJmap::run(const std::string& method, const Json& arguments) {
  if (!session_.at("accounts").contains(arguments.value("accountId", "a1"))) {
    return error("accountNotFound");
  }
  seen_[method].push_back(arguments);
  Json answer = method == "Email/get"         ? email_get(arguments)
                : method == "Email/query"     ? email_query(arguments)
                : method == "Email/changes"   ? changes(log_, arguments)
                : method == "Mailbox/get"     ? mailbox_get()
                : method == "Mailbox/changes" ? changes(mailbox_log_, arguments)
                                              : error("unknownMethod");
  const auto found = overrides_.find(method);
  return found == overrides_.end() ? answer : found->second(arguments, std::move(answer));
}

const FakeEmail* FakeJmap::find(const std::string& id) const {
  const auto found = std::find_if(emails_.begin(), emails_.end(),
                                  [&](const FakeEmail& email) { return email.id == id; });
  return found == emails_.end() ? nullptr : &*found;
}

FakeJmap::Json FakeJmap::email_get(const Json& arguments) const {
  Json list = Json::array();
  Json missing = Json::array();
  for (const Json& id : arguments.at("ids")) {
    const FakeEmail* email = find(id);
    (email != nullptr ? list : missing).push_back(email != nullptr ? to_json(*email) : id);
  }
  return {{"state", std::to_string(log_.size())}, {"list", list}, {"notFound", missing}};
}

FakeJmap::Json FakeJmap::email_query(const Json& arguments) const {
  std::size_t from = 0;
  if (arguments.contains("anchor")) {
    const FakeEmail* anchor = find(arguments.at("anchor"));
    if (anchor == nullptr) {
      return error("anchorNotFound");
    }
    from = static_cast<std::size_t>(anchor - emails_.data()) +
           arguments.at("anchorOffset").get<std::size_t>();
  }
  Json ids = Json::array();
  for (std::size_t i = from;
       i < emails_.size() && ids.size() < arguments.at("limit").get<std::size_t>(); ++i) {
    ids.push_back(emails_[i].id);
  }
  Json answer = {
      {"ids", ids}, {"position", from}, {"queryState", "q"}, {"canCalculateChanges", false}};
  if (arguments.value("calculateTotal", false)) {
    answer["total"] = emails_.size();
  }
  return answer;
}

FakeJmap::Json FakeJmap::mailbox_get() const {
  Json list = Json::array();
  for (const auto& [id, mailbox] : mailboxes_) {
    list.push_back(mailbox);
  }
  return {
      {"state", std::to_string(mailbox_log_.size())}, {"list", list}, {"notFound", Json::array()}};
}

FakeJmap::Json FakeJmap::changes(const std::vector<Change>& log, const Json& arguments) {
  const std::string state = arguments.at("sinceState");
  const bool known = !state.empty() && state.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t since =
      known ? std::min(log.size(), std::stoul(state)) : log.size();  // an override made it up
  const std::size_t end = std::min(log.size(), since + arguments.value("maxChanges", log.size()));
  Json created = Json::array();
  Json updated = Json::array();
  Json destroyed = Json::array();
  for (std::size_t i = since; i < end; ++i) {
    (log[i].kind == 'c' ? created : log[i].kind == 'u' ? updated : destroyed).push_back(log[i].id);
  }
  return {{"oldState", state},
          {"newState", std::to_string(end)},
          {"hasMoreChanges", end < log.size()},
          {"created", created},
          {"updated", updated},
          {"destroyed", destroyed}};
}

Reply FakeJmap::download(const HttpSeen& request) const {
  const std::lock_guard lock(mutex_);
  for (const FakeEmail& email : emails_) {
    if (request.target.find("/" + blob_of(email) + "/") != std::string::npos) {
      return Reply::blob(email.bytes);
    }
  }
  return Reply::error(404);
}

}  // namespace mailpipe::test
