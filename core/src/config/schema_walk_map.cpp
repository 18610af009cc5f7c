// The part of SchemaWalk that looks at keys: known, misspelt, misplaced, missing.
#include "config/engine_schema.hpp"
#include "config/node_json.hpp"
#include "config/references.hpp"
#include "config/schema_walk.hpp"
#include "config/schema_words.hpp"
#include "config/suggest.hpp"
#include "config/text_formats.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::config {

nlohmann::json SchemaWalk::check_map(const Node& node, const Json& schema, const OptionPath& path,
                                     const Mark& where) {
  Json value = Json::object();
  std::vector<std::string> misspelt;
  const bool free_form =
      !path.empty() && !schema.contains("properties") && !schema.contains("patternProperties");
  for (const Entry& entry : node.entries) {
    if (const Json* sub = schema_of(entry.key, schema)) {
      value[entry.key] = check(*entry.value, *sub, below(path, entry.key), entry.mark);
    } else if (free_form && schema.value("additionalProperties", Json(true)) == Json(true)) {
      value[entry.key] = to_json(*entry.value);
    } else {
      misspelt.push_back(report_unknown(entry, schema, path));
    }
  }
  check_groups(node, schema, path, sources_, findings_);
  check_required(node, schema, path, where, misspelt);
  check_choice_of_keys(node, schema, path, where);
  fill_defaults(value, schema, path, where);
  return value;
}

const nlohmann::json* SchemaWalk::schema_of(const std::string& key, const Json& schema) const {
  if (const auto properties = schema.find("properties");
      properties != schema.end() && properties->contains(key)) {
    return &(*properties)[key];
  }
  if (const auto patterns = schema.find("patternProperties"); patterns != schema.end()) {
    for (const auto& [pattern, sub] : patterns->items()) {
      if (matches(key, pattern).value_or(false)) {
        return &sub;
      }
    }
  }
  const auto others = schema.find("additionalProperties");
  return others != schema.end() && others->is_object() ? &*others : nullptr;
}

/// Returns the key that was meant, if one is near.
std::string SchemaWalk::report_unknown(const Entry& entry, const Json& schema,
                                       const OptionPath& path) {
  std::string near = suggest(entry.key, property_names(schema));
  if (!near.empty() && flag(follow(schema["properties"][near]), "x-mp-secret") &&
      !is_reference(*entry.value)) {
    mask(sources_, *entry.value);
  }
  const auto here = [&](const std::string& name) {
    return std::find(scope_.elsewhere.begin(), scope_.elsewhere.end(), name) !=
           scope_.elsewhere.end();
  };
  std::string other = path.empty() && here(entry.key) ? entry.key : std::string();
  if (path.empty() && other.empty() && near.empty()) {
    other = suggest(entry.key, scope_.elsewhere);
  }
  if (!other.empty()) {
    const std::string& message = scope_.elsewhere_message;
    if (other == entry.key) {
      add_error(findings_, scope_.elsewhere_code, entry.mark, "'" + other + "' " + message,
                {{}, scope_.help});
      return {};
    }
    add_error(findings_, "MP1004", entry.mark,
              "unknown " + scope_.noun + " '" + entry.key + "'; '" + other + "' " + message,
              {{}, scope_.help});
    return {};
  }
  const std::string of = path.empty() ? scope_.owner
                                      : "'" + display_of(path) + "'" +
                                            (scope_.owner.empty() ? "" : " of " + scope_.owner);
  add_error(findings_, "MP1004", entry.mark,
            "unknown " + scope_.noun + " '" + entry.key + "'" +
                (of.empty() ? "" : (path.empty() ? " for " : " in ") + of),
            {near.empty() ? "" : "did you mean '" + near + "'?", scope_.help});
  return near;
}

void SchemaWalk::check_required(const Node& node, const Json& schema, const OptionPath& path,
                                const Mark& where, const std::vector<std::string>& misspelt) {
  const auto required = schema.find("required");
  if (required == schema.end() || !required->is_array()) {
    return;
  }
  for (const Json& key : *required) {
    const bool excused =
        !key.is_string() || node.find(key.get<std::string>()) != nullptr ||
        std::find(misspelt.begin(), misspelt.end(), key.get<std::string>()) != misspelt.end();
    if (!excused) {
      add_error(findings_, "MP1009", where,
                subject(path) + " needs the " + scope_.noun + " '" + key.get<std::string>() + "'",
                {{}, scope_.help});
    }
  }
}

/// {"oneOf": [{"required": ["token"]}, {"required": ["user", "password"]}]}: which keys go together.
void SchemaWalk::check_choice_of_keys(const Node& node, const Json& schema, const OptionPath& path,
                                      const Mark& where) {
  const Json* branches = branches_of(schema);
  if (branches == nullptr) {
    return;
  }
  std::string choices;
  std::size_t met = 0;
  for (const Json& branch : *branches) {
    if (!branch.is_object() || branch.size() != 1 || !branch.contains("required") ||
        !branch["required"].is_array()) {
      return;  // more than a choice of keys: valijson's word counts
    }
    std::string keys;
    bool all = true;
    for (const Json& key : branch["required"]) {
      keys += (keys.empty() ? "'" : " with '") + key.get<std::string>() + "'";
      all = all && node.find(key.get<std::string>()) != nullptr;
    }
    met += all ? 1 : 0;
    choices += (choices.empty() ? "" : ", or ") + keys;
  }
  if (met == 0 || (met > 1 && schema.contains("oneOf"))) {
    add_error(findings_, "MP1014", where,
              subject(path) + " needs " +
                  (schema.contains("oneOf") ? "exactly one of: " : "one of: ") + choices,
              {{}, scope_.help});
  }
}

void SchemaWalk::fill_defaults(Json& value, const Json& schema, const OptionPath& path,
                               const Mark& where) {
  const auto properties = schema.find("properties");
  if (properties == schema.end()) {
    return;
  }
  for (const auto& [key, unresolved] : properties->items()) {
    const Json& sub = follow(unresolved);
    if (!sub.is_object() || !sub.contains("default") || value.contains(key)) {
      continue;
    }
    value[key] = check_plain(from_json(sub["default"], where), sub, below(path, key), where);
  }
}

}  // namespace mailpipe::config
