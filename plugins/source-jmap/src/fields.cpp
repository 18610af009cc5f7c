#include "fields.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

using nlohmann::json;

bool is_id_octet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

bool is_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), is_id_octet);
}

bool is_account_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_id_octet(c) || c == '.' || c == '@' || c == '+';
  });
}

Fields::Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object_.is_object()) {
    refuse("the answer is no JSON object");
  }
}

void Fields::refuse(const std::string& why) const {
  throw Error(ErrorClass::Permanent, printable(where_) + ": " + why,
              "the server breaks RFC 8620; report it to whoever runs it");
}

bool Fields::has(const char* name) const {
  const auto found = object_.find(name);
  return found != object_.end() && !found->is_null();
}

const json& Fields::at(const char* name) const {
  const auto found = object_.find(name);
  if (found == object_.end()) {
    refuse(std::string("\"") + name + "\" is missing");
  }
  return *found;
}

std::string Fields::text(const char* name) const {
  const json& value = at(name);
  if (!value.is_string()) {
    refuse(std::string("\"") + name + "\" is no text");
  }
  return value.get<std::string>();
}

std::string Fields::text_or(const char* name, std::string other) const {
  return has(name) ? text(name) : std::move(other);
}

std::uint64_t Fields::number(const char* name) const {
  constexpr std::uint64_t kLargest = (1ULL << 53) - 1;  // RFC 8620 1.3
  const json& value = at(name);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kLargest) {
    refuse(std::string("\"") + name + "\" is no whole number between 0 and 2^53");
  }
  return value.get<std::uint64_t>();
}

std::uint64_t Fields::number_or(const char* name, std::uint64_t other) const {
  return has(name) ? number(name) : other;
}

bool Fields::flag_or(const char* name, bool other) const {
  if (!has(name)) {
    return other;
  }
  const json& value = at(name);
  if (!value.is_boolean()) {
    refuse(std::string("\"") + name + "\" is neither true nor false");
  }
  return value.get<bool>();
}

std::string Fields::id(const char* name) const {
  std::string value = text(name);
  if (!is_id(value)) {
    refuse(std::string("\"") + name + "\" is no valid id: \"" + printable(value, 100) + "\"");
  }
  return value;
}

std::vector<std::string> Fields::texts(const char* name) const {
  std::vector<std::string> all;
  for (const json& value : array(name)) {
    if (!value.is_string()) {
      refuse(std::string("\"") + name + "\" holds something that is no text");
    }
    all.push_back(value.get<std::string>());
  }
  return all;
}

std::vector<std::string> Fields::ids(const char* name) const {
  std::vector<std::string> all = texts(name);
  for (const std::string& value : all) {
    if (!is_id(value)) {
      refuse(std::string("\"") + name + "\" holds an invalid id: \"" + printable(value, 100) +
             "\"");
    }
  }
  return all;
}

std::vector<std::string> Fields::true_keys(const char* name) const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object(name).items()) {
    if (!value.is_boolean()) {
      refuse(std::string("\"") + name + "\" holds something that is neither true nor false");
    }
    if (value.get<bool>()) {
      keys.push_back(key);
    }
  }
  return keys;
}

const json& Fields::array(const char* name) const {
  const json& value = at(name);
  if (!value.is_array()) {
    refuse(std::string("\"") + name + "\" is no list");
  }
  return value;
}

const json& Fields::object(const char* name) const {
  const json& value = at(name);
  if (!value.is_object()) {
    refuse(std::string("\"") + name + "\" is no object");
  }
  return value;
}

}  // namespace mailpipe::jmap
