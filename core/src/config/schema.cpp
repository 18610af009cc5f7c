#include "config/schema.hpp"

#include "config/editor_schema.hpp"
#include "config/engine_schema.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace mailpipe::config {
namespace {

using nlohmann::json;

constexpr char kReferences[] = R"json({
  "secret": {
    "anyOf": [
      { "$ref": "#/definitions/variable" },
      {
        "type": "object", "required": ["$file"], "additionalProperties": false,
        "properties": { "$file": { "description": "A file that only its owner can read.", "type": "string" } }
      },
      {
        "type": "object", "required": ["$command"], "additionalProperties": false,
        "properties": {
          "$command": {
            "description": "A program and its arguments, run without a shell; it prints the secret.",
            "type": "array", "items": { "type": "string" }, "minItems": 1
          }
        }
      },
      { "type": "string", "pattern": "^\\$\\{\\{.*\\}\\}$" }
    ]
  },
  "variable": {
    "type": "object", "required": ["$env"], "additionalProperties": false,
    "properties": {
      "$env": { "description": "The name of an environment variable.", "type": "string" },
      "default": { "description": "Used when the variable is not set.", "type": "string" }
    }
  }
})json";

/// "sink.eml": where the options of a component stand under definitions.
std::string place_of(const ComponentInfo& info) {
  return std::string(name_of(info.kind)) + "." + info.type;
}

/// One source, filter or sink: its keys, and under `with` what its type asks for.
json component_rules(Kind kind, const Catalog& catalog, json& definitions) {
  json rules = component_schema(kind);
  rules["additionalProperties"] = false;
  rules["properties"]["type"]["enum"] = catalog.types(kind);
  rules["properties"]["id"]["pattern"] = "^[a-z0-9_-]{1,64}$";
  if (kind == Kind::Sink) {
    rules["properties"]["filters"]["items"] = {{"$ref", "#/definitions/filter"}};
  }
  rules["allOf"] = json::array();
  for (const std::string& type : catalog.types(kind)) {
    const ComponentInfo* info = catalog.find(kind, type);
    if (info == nullptr) {
      continue;
    }
    json options = json::parse(info->schema, nullptr, false);
    if (!options.is_object()) {
      continue;
    }
    options["type"] = "object";
    options.emplace("properties", json::object());
    if (!info->summary.empty()) {
      options.emplace("description", info->summary);
    }
    const std::string place = place_of(*info);
    definitions[place] = editor_schema(options, "/definitions/" + place);
    rules["allOf"].push_back(
        {{"if", {{"properties", {{"type", {{"const", type}}}}}}},
         {"then", {{"properties", {{"with", {{"$ref", "#/definitions/" + place}}}}}}}});
  }
  if (rules["allOf"].empty()) {
    rules.erase("allOf");  // draft-07 wants at least one
    rules["properties"]["type"].erase("enum");
  }
  return rules;
}

}  // namespace

std::string pipeline_schema(const Catalog& catalog) {
  json definitions = json::parse(kReferences);
  for (const Kind kind : {Kind::Source, Kind::Filter, Kind::Sink}) {
    definitions[std::string(name_of(kind))] = component_rules(kind, catalog, definitions);
  }
  json schema = editor_schema(frame_schema(), "");
  definitions.update(schema["definitions"]);
  json& properties = schema["properties"];
  properties["version"]["const"] = 1;
  properties["name"] = {{"description", frame_schema()["properties"]["name"]["description"]},
                        {"type", "string"},
                        {"pattern", "^[a-z0-9_-]{1,64}$"}};
  properties["source"]["allOf"] = {{{"$ref", "#/definitions/source"}}};
  properties["filters"]["items"] = {{"$ref", "#/definitions/filter"}};
  properties["sinks"]["items"] = {{"$ref", "#/definitions/sink"}};
  properties["sinks"]["minItems"] = 1;
  schema["required"] = {"version", "name", "source", "sinks"};
  schema["definitions"] = std::move(definitions);
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "mailpipe pipeline";
  return schema.dump(2) + "\n";
}

}  // namespace mailpipe::config
