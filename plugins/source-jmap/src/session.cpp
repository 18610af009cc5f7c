#include "session.hpp"

#include "fields.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

constexpr const char* kCore = "urn:ietf:params:jmap:core";
constexpr const char* kMail = "urn:ietf:params:jmap:mail";

struct Account {
  std::string id;
  std::string name;
};

/// Accounts that hold mail. Where a server does not say what an account can do, it counts.
std::vector<Account> mail_accounts(const Fields& session) {
  std::vector<Account> all;
  for (const auto& [id, value] : session.object("accounts").items()) {
    const Fields account(value, session.where());
    if (account.has("accountCapabilities") &&
        !account.object("accountCapabilities").contains(kMail)) {
      continue;
    }
    if (!is_account_id(id)) {
      session.refuse("an account has no valid id: \"" + printable(id, 100) + "\"");
    }
    all.push_back({id, account.text_or("name", id)});
  }
  return all;
}

std::string listed(const std::vector<Account>& accounts) {
  std::string text;
  for (const Account& account : accounts) {
    text += (text.empty() ? "" : ", ") + printable(account.id, 60) + " (" +
            printable(account.name, 60) + ")";
  }
  return text;
}

Account pick(const std::vector<Account>& accounts, const std::string& wanted,
             const std::string& where) {
  if (accounts.empty()) {
    throw Error(ErrorClass::Config, where + ": this login has no mail account",
                "the token may not be allowed to read mail");
  }
  if (wanted.empty() && accounts.size() == 1) {
    return accounts.front();
  }
  const auto is_wanted = [&](const Account& account) {
    return account.id == wanted || account.name == wanted;
  };
  const auto count = std::count_if(accounts.begin(), accounts.end(), is_wanted);
  if (count == 1) {
    return *std::find_if(accounts.begin(), accounts.end(), is_wanted);
  }
  const std::string why =
      wanted.empty() ? "this login has several mail accounts"
      : count == 0   ? "there is no mail account \"" + printable(wanted, 100) + "\""
                     : "several mail accounts are called \"" + printable(wanted, 100) + "\"";
  throw Error(ErrorClass::Config, where + ": " + why, "set account to one of: " + listed(accounts));
}

}  // namespace

Url Session::blob_url(const std::string& blob_id, const std::string& name) const {
  const std::array<UrlVariable, 4> variables = {
      {{"accountId", account_id}, {"blobId", blob_id}, {"name", name}, {"type", "message/rfc822"}}};
  return resolve_url(base, expand_template(download, variables.data(), variables.size()),
                     "downloadUrl");
}

Session read_session(const json& object, const Url& base, const HostPolicy& policy,
                     const std::string& account) {
  const Fields fields(object, base.authority() + ", JMAP session");
  if (!fields.has("apiUrl") || !fields.has("accounts")) {
    throw Error(ErrorClass::Config, fields.where() + ": what is there is no JMAP session",
                "check session_url");
  }
  Session session;
  session.base = base;
  session.api = resolve_url(base, fields.text("apiUrl"), "apiUrl of the JMAP session");
  policy.require(session.api, "apiUrl of the JMAP session");
  session.download = fields.text("downloadUrl");
  if (session.download.find("{blobId}") == std::string::npos) {
    fields.refuse("\"downloadUrl\" has no place for a blobId");
  }
  const Account picked = pick(mail_accounts(fields), account, fields.where());
  session.account_id = picked.id;
  session.account_name = picked.name;
  policy.require(session.blob_url("x", "x"), "downloadUrl of the JMAP session");
  // Fastmail has moved the core capability once already; what it says is a hint, its absence no failure.
  if (fields.has("capabilities") && fields.object("capabilities").contains(kCore)) {
    const Fields core(fields.object("capabilities").at(kCore), fields.where());
    session.max_objects_in_get =
        std::max<std::uint64_t>(1, core.number_or("maxObjectsInGet", session.max_objects_in_get));
  }
  return session;
}

std::shared_ptr<const Session> SessionKeeper::get(JsonChannel& channel) {
  const std::lock_guard lock(mutex_);
  if (!session_) {
    Url base;
    const json object = channel.call(url_, std::nullopt, "reading the JMAP session", &base);
    session_ = std::make_shared<const Session>(read_session(object, base, policy_, account_));
  }
  return session_;
}

void SessionKeeper::forget() {
  const std::lock_guard lock(mutex_);
  session_.reset();
}

}  // namespace mailpipe::jmap
