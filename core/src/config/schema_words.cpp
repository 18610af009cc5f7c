#include "config/schema_words.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <string_view>

namespace mailpipe::config {
namespace {

const std::map<std::string, std::string, std::less<>> kFormats{
    {"duration", "a duration like 24h or 1h30m"},
    {"size", "a size like 64MiB or 10M"},
    {"datetime", "an instant like 2024-01-31 or 2024-01-31T12:00:00Z"},
    {"fraction", "a fraction like 10% or 0.1"},
    {"path", "a path"},
    {"template", "a template like {received_at:%Y%m%d}_{id}"},
    {"regex", "a regular expression"},
    {"time_zone", "a time zone like UTC, local or Europe/Berlin"},
};

const std::map<std::string, std::string, std::less<>> kTypes{
    {"string", "a text"},         {"integer", "a whole number"}, {"number", "a number"},
    {"boolean", "true or false"}, {"array", "a list"},           {"object", "a mapping"},
    {"null", "nothing"},
};

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return out;
}

std::string word_for_type(const std::string& type) {
  const auto found = kTypes.find(type);
  return found == kTypes.end() ? type : found->second;
}

bool one_type_fits(const Node& node, std::string_view type) {
  switch (node.type) {
    case Node::Type::Null:
      return type == "null";
    case Node::Type::Boolean:
      return type == "boolean";
    case Node::Type::Integer:
      return type == "integer" || type == "number";
    case Node::Type::Real:
      return type == "number";
    case Node::Type::String:
      return type == "string";
    case Node::Type::List:
      return type == "array";
    case Node::Type::Map:
      return type == "object";
  }
  return false;
}

std::vector<std::string> types_of(const nlohmann::json& schema) {
  const auto type = schema.find("type");
  std::vector<std::string> types;
  if (type != schema.end() && type->is_string()) {
    types.push_back(type->get<std::string>());
  } else if (type != schema.end() && type->is_array()) {
    for (const nlohmann::json& one : *type) {
      if (one.is_string()) types.push_back(one.get<std::string>());
    }
  }
  return types;
}

}  // namespace

std::string member(const nlohmann::json& schema, const char* name) {
  const auto found = schema.find(name);
  return found != schema.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string word_for(const nlohmann::json& value) {
  return value.is_string() ? "'" + value.get<std::string>() + "'" : value.dump();
}

std::string listed(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) {
    quoted.push_back("'" + word + "'");
  }
  return joined(quoted);
}

std::string expectation(const nlohmann::json& schema) {
  if (!schema.is_object()) {
    return "something else";
  }
  if (flag(schema, "x-mp-secret")) {
    return "a secret ($env, $file or $command)";
  }
  if (const auto format = kFormats.find(member(schema, "x-mp-format")); format != kFormats.end()) {
    return format->second;
  }
  std::vector<std::string> words;
  if (const auto values = schema.find("enum"); values != schema.end()) {
    for (const nlohmann::json& value : *values) {
      words.push_back(word_for(value));
    }
    return joined(words);
  }
  for (const char* combinator : {"oneOf", "anyOf"}) {
    if (const auto branches = schema.find(combinator); branches != schema.end()) {
      for (const nlohmann::json& branch : *branches) {
        words.push_back(expectation(branch));
      }
      return joined(words);
    }
  }
  if (member(schema, "format") == "uri") {
    return "a URL like https://host/path";
  }
  for (const std::string& type : types_of(schema)) {
    words.push_back(word_for_type(type));
  }
  return words.empty() ? "something else" : joined(words);
}

bool type_fits(const Node& node, const nlohmann::json& schema) {
  const std::vector<std::string> types = types_of(schema);
  return types.empty() || std::any_of(types.begin(), types.end(), [&](const std::string& type) {
           return one_type_fits(node, type);
         });
}

bool flag(const nlohmann::json& schema, const char* name) {
  const auto found = schema.find(name);
  return found != schema.end() && found->is_boolean() && found->get<bool>();
}

std::optional<bool> matches(const std::string& text, const std::string& pattern) {
  try {
    return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
  } catch (const std::regex_error&) {
    return std::nullopt;
  }
}

const nlohmann::json* branches_of(const nlohmann::json& schema) {
  for (const char* name : {"oneOf", "anyOf"}) {
    if (const auto found = schema.find(name);
        found != schema.end() && found->is_array() && !found->empty()) {
      return &*found;
    }
  }
  return nullptr;
}

}  // namespace mailpipe::config
