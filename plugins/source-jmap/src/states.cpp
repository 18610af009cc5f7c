#include "states.hpp"

#include <nlohmann/json.hpp>

namespace mailpipe::jmap {

std::string States::to_cursor() const {
  nlohmann::json json;
  json["v"] = 1;
  json["email"] = email;
  json["mailbox"] = mailbox;
  return json.dump();
}

std::optional<States> States::from_cursor(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("v", nlohmann::json()) != 1 || !json.contains("email") ||
      !json["email"].is_string() || !json.contains("mailbox") || !json["mailbox"].is_string()) {
    return std::nullopt;
  }
  return States{json["email"].get<std::string>(), json["mailbox"].get<std::string>()};
}

}  // namespace mailpipe::jmap
