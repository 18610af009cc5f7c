#pragma once

#include "json_channel.hpp"
#include "session.hpp"

#include <mailpipe/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace mailpipe::jmap {

/// How one method call ended (RFC 8620 3.6.2). Failures come with HTTP status 200.
struct MethodResult {
  std::string method;       ///< as called
  std::string where;        ///< "mail.example.org:443, Email/get"
  std::string error;        ///< empty: it went well
  std::string description;  ///< the server's words for the error
  std::shared_ptr<const nlohmann::json> arguments;

  bool failed() const noexcept { return !error.empty(); }

  /// Whether the server had too much to do for one answer: ask for less.
  bool too_much() const noexcept {
    return error == "requestTooLarge" || error == "tooManyChanges" || error == "responseTooLarge";
  }
};

/// The table of method errors: what each means for a run.
Error failure_of(const MethodResult& result);

/// One method call; its id in the request is its place in the list.
struct MethodCall {
  std::string method;
  std::shared_ptr<nlohmann::json> arguments;  ///< without accountId, which is added
};

MethodCall make_call(std::string method, const nlohmann::json& arguments);

/// The text of a request with these calls, and the reading of its answer: results in the order of the calls.
std::string request_text(const std::vector<MethodCall>& calls, const std::string& account_id);
std::vector<MethodResult> read_results(nlohmann::json&& answer,
                                       const std::vector<MethodCall>& calls,
                                       const std::string& server);

/// JMAP's API endpoint for one account: several method calls in one request.
///
/// Threads  One at a time. Errors  Throws Error: JsonChannel::call(), and Permanent for an answer that leaves out a call.
class Api {
 public:
  Api(JsonChannel& channel, std::shared_ptr<const Session> session)
      : channel_(channel),
        session_(std::move(session)) {}

  std::vector<MethodResult> call(const std::vector<MethodCall>& calls);

  const Session& session() const noexcept { return *session_; }

 private:
  JsonChannel& channel_;
  std::shared_ptr<const Session> session_;
};

}  // namespace mailpipe::jmap
