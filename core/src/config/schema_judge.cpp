#include "config/schema_judge.hpp"

#include "config/schema_words.hpp"
#include "config/text_formats.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <exception>
#include <iterator>

namespace mailpipe::config {
namespace {

/// valijson's context steps look like `<root>`, `["name"]`, `[0]`.
OptionPath path_of(const std::vector<std::string>& context) {
  OptionPath path;
  for (std::string step : context) {
    if (step.size() < 2 || step.front() != '[') {
      continue;
    }
    step = step.substr(1, step.size() - 2);
    if (step.size() >= 2 && step.front() == '"') {
      step = step.substr(1, step.size() - 2);
    }
    path.push_back(step);
  }
  return path;
}

/// valijson also says of every mapping around a wrong value that it is wrong.
void drop_consequences(std::vector<std::pair<OptionPath, std::string>>& errors) {
  const auto contains_another = [&](const std::pair<OptionPath, std::string>& outer) {
    return std::any_of(
        errors.begin(), errors.end(), [&](const std::pair<OptionPath, std::string>& inner) {
          return inner.first.size() > outer.first.size() &&
                 std::equal(outer.first.begin(), outer.first.end(), inner.first.begin());
        });
  };
  std::vector<std::pair<OptionPath, std::string>> kept;
  std::copy_if(errors.begin(), errors.end(), std::back_inserter(kept),
               [&](const auto& error) { return !contains_another(error); });
  errors = std::move(kept);
}

nlohmann::json converted(nlohmann::json schema, bool in_combinator);

void convert_members(nlohmann::json& schema, bool in_combinator) {
  for (const char* map : {"properties", "patternProperties", "definitions"}) {
    if (const auto found = schema.find(map); found != schema.end() && found->is_object()) {
      for (auto& [name, value] : found->items()) {
        value = converted(value, false);
      }
    }
  }
  for (const char* list : {"oneOf", "anyOf", "allOf"}) {
    if (const auto found = schema.find(list); found != schema.end() && found->is_array()) {
      const bool restricts = in_combinator || schema.contains("properties");
      for (nlohmann::json& branch : *found) {
        branch = converted(branch, restricts);
      }
    }
  }
  for (const char* one : {"items", "additionalProperties"}) {
    if (const auto found = schema.find(one); found != schema.end() && found->is_object()) {
      *found = converted(*found, false);
    }
  }
}

nlohmann::json converted(nlohmann::json schema, bool in_combinator) {
  if (!schema.is_object()) {
    return schema;
  }
  if (flag(schema, "x-mp-secret")) {
    return {{"type", "object"},
            {"required", {"$secret"}},
            {"additionalProperties", false},
            {"properties", {{"$secret", {{"type", "string"}}}}}};
  }
  const std::string format = member(schema, "x-mp-format");
  if (!format.empty() && !is_text_format(format)) {
    schema["type"] = format == "fraction" ? "number" : "integer";
    schema.erase("pattern");
    schema.erase("enum");
    return schema;
  }
  convert_members(schema, in_combinator);
  if (!in_combinator && schema.contains("properties") &&
      (!schema.contains("additionalProperties") || schema["additionalProperties"] == true)) {
    schema["additionalProperties"] = false;
  }
  return schema;
}

}  // namespace

nlohmann::json canonical_schema(const nlohmann::json& schema) {
  return converted(schema, false);
}

Judgement judge(const nlohmann::json& options, const nlohmann::json& schema) {
  Judgement judgement;
  const nlohmann::json rules = canonical_schema(schema);
  try {
    valijson::Schema parsed;
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(rules), parsed);
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(options);
    if (!validator.validate(parsed, target, &results)) {
      for (const valijson::ValidationResults::Error& error : results) {
        judgement.errors.emplace_back(path_of(error.context), error.description);
      }
      drop_consequences(judgement.errors);
      if (judgement.errors.empty()) {
        judgement.errors.emplace_back(OptionPath{}, "refused without a reason");
      }
    }
  } catch (const std::exception& error) {
    // What valijson and std::regex throw for a schema that they cannot use.
    judgement.schema_broken = true;
    judgement.errors = {{OptionPath{}, error.what()}};
  }
  return judgement;
}

}  // namespace mailpipe::config
