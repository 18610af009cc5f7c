#include "http_error.hpp"

#include "json_guard.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongestWait = std::chrono::minutes(15);
constexpr const char* kLater =
    "the server or the network is in trouble; run again later, nothing is lost";
constexpr const char* kLess = "the server wants fewer requests; run again later, nothing is lost";
constexpr const char* kReport = "the server did not understand; report this to whoever runs it";

/// The parts of a problem document that say more than the status does.
struct Problem {
  std::string type;
  std::string limit;
  std::string text;
};

Problem read_problem(const HttpReply& reply) {
  Problem problem;
  if (reply.problem.empty() || reply.problem.front() != '{' || !is_tame_json(reply.problem)) {
    return problem;
  }
  const nlohmann::json json = nlohmann::json::parse(reply.problem, nullptr, false);
  const auto text = [&](const char* name) {
    return json.is_object() && json.contains(name) && json[name].is_string()
               ? json[name].get<std::string>()
               : std::string();
  };
  problem.type = text("type");
  problem.limit = text("limit");
  problem.text = text("detail").empty() ? text("title") : text("detail");
  constexpr std::string_view kPrefix = "urn:ietf:params:jmap:error:";
  if (problem.type.rfind(kPrefix, 0) == 0) {
    problem.type.erase(0, kPrefix.size());
  }
  return problem;
}

Error certificate_failure(const HttpReply& reply, const std::string& where) {
  const std::string& trouble = reply.certificate_trouble;
  std::string hint =
      "if the server is yours and shows its own certificate, name that file as ca_file";
  if (trouble == "has expired") {
    hint = "its owner must renew it; check this machine's clock as well";
  } else if (trouble == "is for another name") {
    hint = "use the name that the certificate is for in session_url";
  }
  return Error(ErrorClass::Permanent, where + ": the server's certificate " + trouble, hint)
      .detail("certificate", trouble);
}

Error transport_failure(const HttpReply& reply, const std::string& where) {
  const std::string text = where + ": " + printable(reply.transport_text, 300);
  switch (reply.transport) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return certificate_failure(reply, where);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return {ErrorClass::Config, text, "see the option ca_file"};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorClass::Transient, text,
              "check the name in session_url and this machine's network"};
    case CURLE_UNSUPPORTED_PROTOCOL:
      if (reply.transport_text.find("HTTP/0.9") != std::string::npos) {  // no status line
        return {ErrorClass::Transient, where + ": the answer is no HTTP",
                "something else than a JMAP server may answer there, or the line damages it; "
                "check session_url"};
      }
      [[fallthrough]];
    case CURLE_URL_MALFORMAT:
      return {ErrorClass::Config, text, "see session_url and proxy"};
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_TOO_MANY_REDIRECTS:
      return {ErrorClass::Permanent, text, kReport};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorClass::Internal, text};
    default:
      return {ErrorClass::Transient, text, kLater};
  }
}

/// Cyrus answers 401 to a good login, too, when there were too many in a while ("... per-10 minute limit for logins").
bool is_login_limit(const HttpReply& reply) {
  return (reply.status == 401 || reply.status == 403) &&
         (!reply.retry_after.empty() ||
          reply.problem.find("limit for logins") != std::string::npos);
}

Error client_failure(const HttpReply& reply, const Problem& problem, const std::string& text) {
  if (is_login_limit(reply)) {
    return {ErrorClass::RateLimit, text, kLess};
  }
  switch (reply.status) {
    case 401:
      return {ErrorClass::Auth, text,
              "check the token, or user and password; a token may have expired or been revoked"};
    case 403:
      return {ErrorClass::Auth, text,
              "the login is known but may not do this: a token needs read access to mail (JMAP)"};
    case 404:
      return {ErrorClass::Config, text, "check session_url: there is no JMAP at that address"};
    case 407:
      return {ErrorClass::Auth, text,
              "the proxy wants a login: check proxy_user and proxy_password"};
    case 408:
    case 425:
      return {ErrorClass::Transient, text, kLater};
    default:
      break;
  }
  if (problem.type == "limit" && problem.limit != "maxSizeRequest" &&
      problem.limit != "maxCallsInRequest") {
    return {ErrorClass::RateLimit, text, kLess};
  }
  return {ErrorClass::Permanent, text, kReport};
}

Error status_failure(const HttpReply& reply, const std::string& where) {
  const Problem problem = read_problem(reply);
  std::string text = where + ": HTTP " + std::to_string(reply.status);
  if (!problem.type.empty() && problem.type != "about:blank") {
    text += " (" + printable(problem.type, 100) + ")";
  }
  if (!problem.text.empty()) {
    text += ": " + printable(problem.text, 300);
  }
  if (reply.status == 429 || reply.status == 503 || reply.status >= 500) {
    const bool wait = reply.status == 429 || (reply.status == 503 && !reply.retry_after.empty());
    return {wait ? ErrorClass::RateLimit : ErrorClass::Transient, text, wait ? kLess : kLater};
  }
  if (reply.status >= 400) {
    return client_failure(reply, problem, text);
  }
  return {ErrorClass::Config, text + ", a redirect that is not followed",
          "use the address that it leads to as session_url"};
}

}  // namespace

milliseconds parse_retry_after(const std::string& text, std::chrono::sys_seconds now) {
  if (text.empty()) {
    return milliseconds(0);
  }
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    return text.size() > 5 ? kLongestWait
                           : std::min<seconds>(seconds(std::stol(text)), kLongestWait);
  }
  const std::time_t until = curl_getdate(text.c_str(), nullptr);
  if (until < 0) {
    return milliseconds(0);
  }
  const seconds wait = std::chrono::sys_seconds(seconds(until)) - now;
  return std::clamp<seconds>(wait, seconds(0), kLongestWait);
}

Error failure_of(const HttpReply& reply, std::string_view doing) {
  const std::string where = printable(reply.url.authority(), 300) + ", " + std::string(doing);
  if (reply.too_long) {
    return {ErrorClass::Permanent, where + ": the answer is longer than allowed and was cut off",
            "if the server is right, raise max_answer"};
  }
  Error error =
      reply.transport != CURLE_OK ? transport_failure(reply, where) : status_failure(reply, where);
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  error.retry_after(parse_retry_after(reply.retry_after, now));
  if (reply.status != 0) {
    error.detail("http_status", std::to_string(reply.status));
  }
  return error;
}

}  // namespace mailpipe::jmap
