#include "config/schema_walk.hpp"

#include "config/node_json.hpp"
#include "config/paths.hpp"
#include "config/references.hpp"
#include "config/schema_words.hpp"
#include "config/suggest.hpp"
#include "config/text_formats.hpp"
#include "config/units.hpp"
#include "config/yaml_text.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <regex>
#include <utility>

namespace mailpipe::config {
namespace {

bool is_url(const std::string& text) {
  static const std::regex kUrl("[A-Za-z][A-Za-z0-9+.-]*://[^\\s/][^\\s]*");
  return std::regex_match(text, kUrl);
}

std::string number_text(const nlohmann::json& schema, const nlohmann::json& number) {
  const std::string format = member(schema, "x-mp-format");
  const std::string unit = format == "duration" ? " s" : format == "size" ? " octets" : "";
  return number.dump() + unit;
}

}  // namespace

const nlohmann::json& SchemaWalk::follow(const Json& schema) const {
  const Json* at = &schema;
  constexpr int kMostSteps = 16;
  for (int step = 0; step < kMostSteps && at->is_object(); ++step) {
    const std::string reference = member(*at, "$ref");
    if (!reference.starts_with("#/")) {
      break;
    }
    const Json::json_pointer pointer(reference.substr(1));
    if (!root_.contains(pointer)) {
      break;
    }
    at = &root_.at(pointer);
  }
  return *at;
}

std::string SchemaWalk::subject(const OptionPath& path) const {
  return path.empty() ? (scope_.owner.empty() ? "a pipeline" : scope_.owner)
                      : "'" + display_of(path) + "'";
}

nlohmann::json SchemaWalk::check(const Node& node, const Json& unresolved, const OptionPath& path,
                                 const Mark& where) {
  const Json& schema = follow(unresolved);
  if (!schema.is_object()) {
    return to_json(node);  // `true`: anything; `false` is for valijson
  }
  if (flag(schema, "deprecated")) {
    const std::string instead = member(schema, "x-mp-replaced-by");
    add_warning(findings_, "MP1016", where, subject(path) + " is deprecated",
                {instead.empty() ? "" : "use '" + instead + "'", {}});
  }
  if (flag(schema, "x-mp-secret")) {
    return check_secret(node, path, where);
  }
  if (!is_reference(node)) {
    return check_plain(node, schema, path, where);
  }
  auto text = read_variable(node, findings_);
  if (!text) {
    return nullptr;
  }
  const bool wants_text = member(schema, "type") == "string" || schema.contains("x-mp-format");
  return check_plain(make_scalar(std::move(*text), !wants_text, node.mark), schema, path, where);
}

nlohmann::json SchemaWalk::check_secret(const Node& node, const OptionPath& path,
                                        const Mark& where) {
  const std::string pointer = pointer_of(path);
  if (is_reference(node)) {
    if (auto reference = read_reference(node, pointer, scope_.folder, findings_)) {
      if (reference->literal) {
        add_warning(findings_, "MP1301", mask(sources_, *node.find("default")->value),
                    "literal secret as the default of " + subject(path),
                    {{}, "leave the default out"});
      }
      secrets_.push_back(std::move(*reference));
    }
    return {{"$secret", pointer}};
  }
  if (!node.is_scalar() || node.type == Node::Type::Null) {
    add_error(findings_, "MP1010", node.type == Node::Type::Null ? where : mask(sources_, node),
              subject(path) + " expects a secret ($env, $file or $command), got " + describe(node));
    return nullptr;
  }
  SecretReference reference;
  reference.pointer = pointer;
  reference.from = SecretReference::From::Literal;
  reference.literal = std::make_shared<const Secret>(std::string(node.text));
  reference.mark = mask(sources_, node);
  if (node.mark.file == kCommandLine) {
    add_error(findings_, "MP1306", reference.mark,
              "literal secret on the command line, in " + subject(path),
              {"use $env or $file",
               "--set " + display_of(path) + ".\\$env=NAME names a variable that holds it"});
  } else {
    add_warning(findings_, "MP1301", reference.mark, "literal secret in " + subject(path),
                {"use $env, $file or $command", {}});
  }
  secrets_.push_back(std::move(reference));
  return {{"$secret", pointer}};
}

nlohmann::json SchemaWalk::check_plain(const Node& node, const Json& schema, const OptionPath& path,
                                       const Mark& where) {
  if (schema.contains("x-mp-format")) {
    return check_format(node, schema, path);
  }
  if (const Json* branches = branches_of(schema);
      branches != nullptr && !schema.contains("properties")) {
    return check_alternatives(node, *branches, schema, path, where);
  }
  if (!type_fits(node, schema)) {
    wrong_type(node, schema, path);
    return nullptr;
  }
  if (node.is_map()) {
    return check_map(node, schema, path, where);
  }
  return node.is_list() ? check_list(node, schema, path) : check_scalar(node, schema, path);
}

void SchemaWalk::wrong_type(const Node& node, const Json& schema, const OptionPath& path) {
  const bool meant_as_text = node.is_scalar() && node.plain && node.type != Node::Type::Null &&
                             member(schema, "type") == "string";
  add_error(findings_, "MP1010", node.mark,
            subject(path) + " expects " + expectation(schema) + ", got " + describe(node),
            {meant_as_text ? "quote it if it is meant as text" : "", {}});
}

nlohmann::json SchemaWalk::check_format(const Node& node, const Json& schema,
                                        const OptionPath& path) {
  const std::string format = member(schema, "x-mp-format");
  const bool number = node.type == Node::Type::Integer || node.type == Node::Type::Real;
  if (!node.is_scalar() || (node.type != Node::Type::String && !number)) {
    wrong_type(node, schema, path);
    return nullptr;
  }
  if (format == "template" || format == "regex" || format == "time_zone") {
    return check_text_format(node, schema, path);
  }
  Json value;
  if (format == "duration") {
    if (const auto seconds = parse_duration(node.text)) value = *seconds;
  } else if (format == "size") {
    if (const auto octets = parse_size(node.text)) value = *octets;
  } else if (format == "datetime") {
    if (const auto instant = parse_datetime(node.text)) value = *instant;
  } else if (format == "fraction") {
    if (const auto fraction = parse_fraction(node.text)) value = *fraction;
  } else if (format == "path" && !number) {
    // A path on the command line counts from where the command was given.
    const auto path_text =
        absolute_path(node.text, node.mark.file == kCommandLine ? std::filesystem::current_path()
                                                                : scope_.folder);
    if (path_text) value = *path_text;
  } else if (format != "path") {
    return check_scalar(node, schema, path);
  }
  if (value.is_null()) {
    add_error(findings_, "MP1012", node.mark,
              subject(path) + " expects " + expectation(schema) + ", got " + describe(node));
  } else {
    check_range(value, schema, path, node.mark);
  }
  return value;
}

nlohmann::json SchemaWalk::check_text_format(const Node& node, const Json& schema,
                                             const OptionPath& path) {
  const std::string format = member(schema, "x-mp-format");
  if (node.type != Node::Type::String) {
    wrong_type(node, schema, path);
  } else if (format == "template") {
    check_template(node, schema, subject(path), sources_, findings_);
  } else if (format == "regex") {
    check_regex(node, subject(path), sources_, findings_);
  } else if (!is_time_zone(node.text)) {
    add_error(findings_, "MP1012", node.mark,
              subject(path) + " expects " + expectation(schema) + ", got " + describe(node));
  }
  return node.type == Node::Type::String ? check_scalar(node, schema, path) : Json();
}

nlohmann::json SchemaWalk::check_alternatives(const Node& node, const Json& branches,
                                              const Json& schema, const OptionPath& path,
                                              const Mark& where) {
  std::vector<Findings> complaints;
  for (const Json& branch : branches) {
    Findings findings;
    SchemaWalk walk(scope_, root_, findings, sources_);
    Json value = walk.check(node, branch, path, where);
    if (count(findings, Severity::Error) == 0) {
      findings_.insert(findings_.end(), findings.begin(), findings.end());
      secrets_.insert(secrets_.end(), walk.secrets_.begin(), walk.secrets_.end());
      return value;
    }
    if (follow(branch).is_object() && !follow(branch).contains("x-mp-format") &&
        type_fits(node, follow(branch))) {
      complaints.push_back(std::move(findings));
    }
  }
  if (complaints.size() == 1) {
    findings_.insert(findings_.end(), complaints.front().begin(), complaints.front().end());
  } else {
    add_error(findings_, "MP1014", node.mark,
              subject(path) + " expects " + expectation(schema) + ", got " + describe(node));
  }
  return nullptr;
}

nlohmann::json SchemaWalk::check_list(const Node& node, const Json& schema,
                                      const OptionPath& path) {
  check_length(node.items.size(), schema, "Items", path, node.mark);
  Json list = Json::array();
  const auto items = schema.find("items");
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = *node.items[i];
    list.push_back(items != schema.end()
                       ? check(item, *items, below(path, std::to_string(i)), item.mark)
                       : to_json(item));
  }
  return list;
}

nlohmann::json SchemaWalk::check_scalar(const Node& node, const Json& schema,
                                        const OptionPath& path) {
  Json value = to_json(node);
  if (const auto values = schema.find("enum"); values != schema.end() && values->is_array()) {
    if (std::find(values->begin(), values->end(), value) == values->end()) {
      std::vector<std::string> words;
      for (const Json& one : *values) {
        if (one.is_string()) words.push_back(one.get<std::string>());
      }
      add_error(findings_, "MP1011", node.mark,
                subject(path) + " expects " + expectation(schema) + ", got " + describe(node),
                {did_you_mean(node.text, words), {}});
      return value;
    }
    warn_of_value(node, schema, path);
  }
  if (const auto only = schema.find("const"); only != schema.end() && *only != value) {
    add_error(findings_, "MP1011", node.mark,
              subject(path) + " must be " + word_for(*only) + ", got " + describe(node));
  }
  if (node.type == Node::Type::String) {
    check_length(characters(node.text), schema, "Length", path, node.mark);
    const std::string pattern = member(schema, "pattern");
    if ((!pattern.empty() && !matches(node.text, pattern).value_or(true)) ||
        (member(schema, "format") == "uri" && !is_url(node.text))) {
      const std::string wanted =
          pattern.empty() ? expectation(schema) : "a text that matches " + pattern;
      add_error(findings_, "MP1012", node.mark,
                subject(path) + " expects " + wanted + ", got " + describe(node));
    }
  }
  check_range(value, schema, path, node.mark);
  return value;
}

/// {"x-mp-warn": {"fast": "syncs nothing"}}: what it costs to choose a value. Defaults have no mark of their own and warn
/// of nothing.
void SchemaWalk::warn_of_value(const Node& node, const Json& schema, const OptionPath& path) {
  const auto costs = schema.find("x-mp-warn");
  if (costs == schema.end() || !costs->is_object()) {
    return;
  }
  const std::string cost = member(*costs, node.text.c_str());
  if (!cost.empty()) {
    add_warning(findings_, "MP1017", node.mark,
                subject(path) + " is " + describe(node) + ": " + cost);
  }
}

void SchemaWalk::check_range(const Json& value, const Json& schema, const OptionPath& path,
                             const Mark& at) {
  if (!value.is_number()) {
    return;
  }
  const auto limit = [&](const char* name, const char* words, auto violates) {
    const auto found = schema.find(name);
    if (found != schema.end() && found->is_number() && violates(value, *found)) {
      add_error(findings_, "MP1013", at,
                subject(path) + " must be " + words + " " + number_text(schema, *found) + ", got " +
                    number_text(schema, value));
    }
  };
  limit("minimum", "at least", [](const Json& a, const Json& b) { return a < b; });
  limit("maximum", "at most", [](const Json& a, const Json& b) { return a > b; });
  limit("exclusiveMinimum", "more than", [](const Json& a, const Json& b) { return a <= b; });
  limit("exclusiveMaximum", "less than", [](const Json& a, const Json& b) { return a >= b; });
}

void SchemaWalk::check_length(std::size_t length, const Json& schema, const char* what,
                              const OptionPath& path, const Mark& at) {
  const std::string unit = std::string(what) == "Items" ? " entries" : " characters";
  const auto limit = [&](const std::string& name, const char* words, bool low) {
    const auto found = schema.find(name);
    if (found == schema.end() || !found->is_number_unsigned()) {
      return;
    }
    const auto bound = found->get<std::size_t>();
    if (low ? length < bound : length > bound) {
      add_error(findings_, "MP1013", at,
                subject(path) + " must have " + words + " " + std::to_string(bound) + unit +
                    ", has " + std::to_string(length));
    }
  };
  limit(std::string("min") + what, "at least", true);
  limit(std::string("max") + what, "at most", false);
}

}  // namespace mailpipe::config
