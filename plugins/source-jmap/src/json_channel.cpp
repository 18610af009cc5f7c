#include "json_channel.hpp"

#include "http_call.hpp"
#include "http_error.hpp"
#include "json_guard.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

namespace mailpipe::jmap {

nlohmann::json parse_answer(const std::string& text, const std::string& where) {
  if (!is_tame_json(text)) {
    throw Error(ErrorClass::Permanent,
                printable(where) + ": the answer is nested too deep or has too many parts",
                "no mail server needs that; check session_url, or report it to whoever runs it");
  }
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw Error(ErrorClass::Permanent,
                printable(where) + ": the answer is no JSON: \"" + printable(text, 60) + "\"",
                "check session_url: something else than a JMAP server may answer there");
  }
  return json;
}

HttpRequest JsonChannel::request(const Url& url, std::optional<std::string> json) const {
  HttpRequest request;
  request.url = url;
  request.json = std::move(json);
  request.compressed = true;
  request.limit = limits_.octets;
  request.deadline = limits_.deadline;
  request.login = login_.current();
  return request;
}

nlohmann::json JsonChannel::call(const Url& url, const std::optional<std::string>& json,
                                 std::string_view doing, Url* final_url) {
  for (;;) {
    const CallResult result = jmap::call(http_, request(url, json), host_);
    if (result.reply.ok()) {
      login_.accepted(result.reply.login_generation);
      if (final_url != nullptr) {
        *final_url = result.reply.url;
      }
      return parse_answer(result.body, result.reply.url.authority() + ", " + std::string(doing));
    }
    if (result.reply.status != 401 || !login_.refresh(result.reply.login_generation)) {
      throw failure_of(result.reply, doing);
    }
  }
}

}  // namespace mailpipe::jmap
