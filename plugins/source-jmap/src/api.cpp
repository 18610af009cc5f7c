#include "api.hpp"

#include "fields.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

struct ErrorRow {
  std::string_view type;
  ErrorClass error_class;
  const char* hint;
};

constexpr const char* kLater = "the server is in trouble; run again later, nothing is lost";
constexpr const char* kLess = "the server wants fewer requests; run again later, nothing is lost";
constexpr const char* kReport =
    "the server does not do what JMAP asks of it; report this to whoever runs it";

/// RFC 8620 3.6.2 and 5, RFC 8621 4. What is not here is Permanent.
constexpr std::array<ErrorRow, 11> kErrors = {{
    {"serverUnavailable", ErrorClass::Transient, kLater},
    {"serverFail", ErrorClass::Transient, kLater},
    {"serverPartialFail", ErrorClass::Transient, kLater},
    {"limit", ErrorClass::RateLimit, kLess},
    {"rateLimit", ErrorClass::RateLimit, kLess},
    {"cannotCalculateChanges", ErrorClass::CursorLost, ""},
    {"accountNotFound", ErrorClass::Config,
     "the account may be closed, or hold no mailbox yet; see the option account"},
    {"accountNotSupportedByMethod", ErrorClass::Config,
     "this account holds no mail; see the option account"},
    {"forbidden", ErrorClass::Auth,
     "the login may not read this account; a token needs read access to mail"},
    {"accountReadOnly", ErrorClass::Permanent, kReport},
    {"requestTooLarge", ErrorClass::Permanent,
     "the server refuses even the smallest request; report this to whoever runs it"},
}};

MethodResult read_one(json& response, const MethodCall& call, const std::string& server) {
  MethodResult result;
  result.method = call.method;
  result.where = server + ", " + call.method;
  result.arguments = std::make_shared<const json>(std::move(response[1]));
  if (response[0] == "error") {
    const Fields error(*result.arguments, result.where);
    result.error = error.text("type");
    result.description = error.text_or("description", "");
    if (result.error.empty()) {
      error.refuse("an error without a type");
    }
  }
  return result;
}

}  // namespace

Error failure_of(const MethodResult& result) {
  std::string text = printable(result.where, 400) + ": " + printable(result.error, 100);
  if (!result.description.empty()) {
    text += " (" + printable(result.description, 300) + ")";
  }
  const auto row = std::find_if(kErrors.begin(), kErrors.end(),
                                [&](const ErrorRow& r) { return r.type == result.error; });
  const bool known = row != kErrors.end();
  return Error(known ? row->error_class : ErrorClass::Permanent, text, known ? row->hint : kReport)
      .detail("method_error", printable(result.error, 100));
}

MethodCall make_call(std::string method, const json& arguments) {
  return {std::move(method), std::make_shared<json>(arguments)};
}

std::string request_text(const std::vector<MethodCall>& calls, const std::string& account_id) {
  json list = json::array();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    json arguments = *calls[i].arguments;
    arguments["accountId"] = account_id;
    list.push_back(json::array({calls[i].method, std::move(arguments), std::to_string(i)}));
  }
  json request;
  request["using"] = json::array({"urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"});
  request["methodCalls"] = std::move(list);
  return request.dump();
}

std::vector<MethodResult> read_results(json&& answer, const std::vector<MethodCall>& calls,
                                       const std::string& server) {
  const Fields fields(answer, server + ", JMAP answer");
  fields.array("methodResponses");
  json& responses = answer["methodResponses"];
  std::vector<MethodResult> results;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto answers = [&](const json& response) {
      return response.is_array() && response.size() == 3 && response[0].is_string() &&
             response[2] == std::to_string(i) &&
             (response[0] == calls[i].method || response[0] == "error");
    };
    const auto found = std::find_if(responses.begin(), responses.end(), answers);
    if (found == responses.end()) {
      fields.refuse("no answer to " + calls[i].method);
    }
    results.push_back(read_one(*found, calls[i], server));
  }
  return results;
}

std::vector<MethodResult> Api::call(const std::vector<MethodCall>& calls) {
  const std::string doing = calls.empty() ? "" : calls.front().method;
  json answer = channel_.call(session_->api, request_text(calls, session_->account_id), doing);
  return read_results(std::move(answer), calls, session_->api.authority());
}

}  // namespace mailpipe::jmap
