#pragma once

#include "support/scripted_http_server.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::test {

/// One message on a FakeJmap.
struct FakeEmail {
  std::string id;
  std::string bytes;
  std::string received_at = "2024-01-01T00:00:00Z";
  std::vector<std::string> mailboxes = {"inbox"};
  std::vector<std::string> keywords = {};
  std::string blob_id = {};  ///< empty: "b" + id
};

/// A small JMAP server that behaves well until a test overrides one of its methods.
///
/// Knows Email/get, Email/query (sorted as added, anchors), Email/changes, Mailbox/get, Mailbox/changes, downloads and
/// back-references. A state is the number of changes so far.
///
/// Threads  Any; overrides run on the server's threads, with the server's data locked.
class FakeJmap {
 public:
  using Json = nlohmann::json;
  /// Gets the arguments and the arguments that the well-behaved method would answer with.
  using Override = std::function<Json(const Json& arguments, Json answer)>;

  /// Looks at each request before it is answered; what it gives is sent in place of the answer. May wait: nothing is locked.
  using Mishap = std::function<std::optional<Reply>(const HttpSeen&)>;

  explicit FakeJmap(std::optional<Certificate> certificate = std::nullopt);

  ScriptedHttpServer& http() noexcept { return http_; }

  std::string session_url() const { return http_.url("/jmap/session"); }

  void add(FakeEmail email);
  void touch(const std::string& id, std::vector<std::string> keywords);
  void destroy(const std::string& id);
  void add_mailbox(const std::string& id, const std::string& name, const std::string& parent = {});
  void destroy_mailbox(const std::string& id);

  /// Misbehaves from now on; an empty one ends that.
  void on_request(Mishap mishap);

  /// Changes what a method answers. answer {"type": ...} makes it a method error.
  void override_method(const std::string& method, Override change);

  /// How all answers are framed, from now on.
  void frame(std::function<Reply(Reply)> how);

  /// Forgets what was asked.
  void forget();

  /// Changes the session object.
  void edit_session(const std::function<void(Json&)>& edit);

  /// Method calls seen, e.g. calls("Email/query").
  std::size_t calls(const std::string& method) const;
  Json last_arguments(const std::string& method) const;

  static Json error(const std::string& type) { return {{"type", type}, {"is_error", true}}; }

 private:
  struct Change {
    char kind;  ///< 'c', 'u', 'd'
    std::string id;
  };

  ScriptedHttpServer::Handler unless_mishap(ScriptedHttpServer::Handler good);
  Reply api(const HttpSeen& request);
  Reply answer(const Json& body);
  Reply download(const HttpSeen& request) const;
  Json run(const std::string& method, const Json& arguments);
  Json email_get(const Json& arguments) const;
  Json email_query(const Json& arguments) const;
  Json mailbox_get() const;
  static Json changes(const std::vector<Change>& log, const Json& arguments);
  const FakeEmail* find(const std::string& id) const;

  mutable std::recursive_mutex mutex_;
  std::vector<FakeEmail> emails_;
  std::map<std::string, Json> mailboxes_;
  std::vector<Change> log_;
  std::vector<Change> mailbox_log_;
  std::map<std::string, Override> overrides_;
  Mishap mishap_;
  std::function<Reply(Reply)> frame_;
  std::map<std::string, std::vector<Json>> seen_;
  Json session_;
  ScriptedHttpServer http_;  // last: its threads use the rest
};

}  // namespace mailpipe::test
