#include "config/editor_schema.hpp"

#include "config/schema_words.hpp"

#include <nlohmann/json.hpp>

#include <string_view>
#include <utility>

namespace mailpipe::config {
namespace {

using nlohmann::json;

const json& variable() {
  static const json kVariable{{"$ref", "#/definitions/variable"}};
  return kVariable;
}

/// What people read about an option is kept; what machines check is replaced by `rules`.
json with_words_of(const json& schema, json rules) {
  for (const char* word : {"description", "default", "deprecated", "examples", "title"}) {
    if (schema.contains(word)) {
      rules[word] = schema[word];
    }
  }
  return rules;
}

json for_format(const json& schema, const std::string& format) {
  if (format == "path") {
    return with_words_of(schema, {{"anyOf", {{{"type", "string"}, {"minLength", 1}}, variable()}}});
  }
  json text{{"type", "string"}};
  if (format == "duration") {
    text["pattern"] = R"(^(0|([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?)$|\$\{\{)";
  } else if (format == "size") {
    text["pattern"] = R"(^[0-9]+ ?([kKMGT](i?B?)?|B)?$|\$\{\{)";
  } else if (format == "datetime") {
    text["pattern"] = R"(^[0-9]{4}-[0-9]{2}-[0-9]{2}|\$\{\{)";
  } else if (format == "fraction") {
    text["pattern"] = R"(^[0-9.]+%?$|\$\{\{)";
  }
  const bool number = format == "size" || format == "fraction" || format == "duration";
  json rules{{"anyOf", {text, variable()}}};
  if (number) {
    rules["anyOf"].push_back({{"type", "number"}});
  }
  return with_words_of(schema, std::move(rules));
}

json converted(json schema, const std::string& place, bool in_combinator);

void convert_members(json& schema, const std::string& place, bool in_combinator) {
  for (const char* map : {"properties", "patternProperties", "definitions"}) {
    if (schema.contains(map) && schema[map].is_object()) {
      for (auto& [name, value] : schema[map].items()) {
        value = converted(value, place, false);
      }
    }
  }
  for (const char* list : {"oneOf", "anyOf", "allOf"}) {
    if (schema.contains(list) && schema[list].is_array()) {
      for (json& branch : schema[list]) {
        branch = converted(branch, place, in_combinator || schema.contains("properties"));
      }
    }
  }
  for (const char* one : {"items", "additionalProperties"}) {
    if (schema.contains(one) && schema[one].is_object()) {
      schema[one] = converted(schema[one], place, false);
    }
  }
}

json converted(json schema, const std::string& place, bool in_combinator) {
  if (!schema.is_object()) {
    return schema;
  }
  if (flag(schema, "x-mp-secret")) {
    return with_words_of(schema, {{"allOf", {{{"$ref", "#/definitions/secret"}}}}});
  }
  if (const std::string format = member(schema, "x-mp-format"); !format.empty()) {
    return for_format(schema, format);
  }
  if (const std::string reference = member(schema, "$ref"); reference.starts_with("#")) {
    schema["$ref"] = "#" + place + reference.substr(1);
    return schema;
  }
  convert_members(schema, place, in_combinator);
  const bool names_options = !in_combinator && schema.contains("properties");
  if (names_options &&
      (!schema.contains("additionalProperties") || schema["additionalProperties"] == true)) {
    schema["additionalProperties"] = false;
  }
  const bool scalar = member(schema, "type") == "string" || member(schema, "type") == "integer" ||
                      member(schema, "type") == "number" || member(schema, "type") == "boolean";
  if (scalar && !in_combinator) {
    json strict = schema;
    for (const char* word : {"description", "default", "deprecated", "examples", "title"}) {
      strict.erase(word);
    }
    return with_words_of(schema, {{"anyOf", {strict, variable()}}});
  }
  return schema;
}

}  // namespace

json editor_schema(const json& schema, const std::string& place) {
  return converted(schema, place, false);
}

}  // namespace mailpipe::config
