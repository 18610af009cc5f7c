#include "option_words.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <vector>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 4;

/// A value that YAML reads as the same one; secrets' examples are references and stand as they are.
std::string quoted(const Json& value) {
  const std::string text = yaml_of(value);
  const bool risky = text.find_first_of("{}[]#&*!|>'\"%@`,?-") == 0 ||
                     text.find(": ") != std::string::npos || text.find(" #") != std::string::npos;
  return value.is_string() && risky && !text.starts_with("{ $") ? Json(text).dump() : text;
}

/// What to write for an option in the example.
std::string sample_of(const std::string& name, const Json& schema) {
  if (schema.value("x-mp-secret", Json(false)) == Json(true)) {
    std::string variable = name;
    std::transform(variable.begin(), variable.end(), variable.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return "{ $env: " + printable(variable, 60) + " }";
  }
  if (schema.contains("examples") && schema["examples"].is_array() && !schema["examples"].empty()) {
    return quoted(schema["examples"].front());
  }
  return schema.contains("default") ? quoted(schema["default"]) : "...";
}

/// Option and value, for the example.
std::vector<std::pair<std::string, std::string>> sampled(const Json& schema) {
  std::vector<std::pair<std::string, std::string>> out;
  const Json whole = schema.value("examples", Json());
  if (whole.is_array() && !whole.empty() && whole.front().is_object()) {
    for (const auto& [name, value] : whole.front().items()) {
      out.emplace_back(name, quoted(value));
    }
    return out;
  }
  std::set<std::string> names = required_of(schema);
  const Json groups = schema.value("oneOf", Json());
  if (groups.is_array() && !groups.empty()) {
    names.merge(required_of(groups.front()));  // of the ways to log in the first
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, option] : properties.items()) {
    if (names.contains(name)) {
      out.emplace_back(name, sample_of(name, option));
    }
  }
  for (const auto& [name, option] : properties.items()) {
    if (out.empty() && option.is_object() && option.contains("examples")) {
      out.emplace_back(name, sample_of(name, option));
    }
  }
  return out;
}

}  // namespace

std::string text_of(const Json& schema, const char* name) {
  const auto found = schema.find(name);
  return found != schema.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string yaml_of(const Json& value) {
  const std::string text = value.is_string()
                               ? value.get<std::string>()
                               : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return printable(text, 300);
}

std::string joined(const Json& list, const char* separator) {
  std::string out;
  for (const Json& one : list) {
    out += (out.empty() ? "" : separator) + yaml_of(one);
  }
  return out;
}

std::string form_of(const Json& schema, int depth) {
  if (!schema.is_object() || depth > kMaxDepth) {
    return "value";
  }
  if (schema.contains("enum") && schema["enum"].is_array()) {
    return "one of " + joined(schema["enum"], ", ");
  }
  for (const char* choice : {"oneOf", "anyOf"}) {
    if (schema.contains(choice) && schema[choice].is_array()) {
      std::vector<std::string> forms;
      for (const Json& one : schema[choice]) {
        const std::string form = form_of(one, depth + 1);
        if (std::find(forms.begin(), forms.end(), form) == forms.end()) {
          forms.push_back(form);
        }
      }
      std::string out;
      for (const std::string& form : forms) {
        out += (out.empty() ? "" : " or ") + form;
      }
      return out;
    }
  }
  if (schema.value("x-mp-secret", Json(false)) == Json(true)) {
    return "secret";
  }
  if (const std::string format = text_of(schema, "x-mp-format"); !format.empty()) {
    return printable(format, 40);
  }
  const std::string type = text_of(schema, "type");
  if (type == "array") {
    return "list of " + form_of(schema.value("items", Json::object()), depth + 1);
  }
  if (type == "string") {
    return "text";
  }
  if (type == "boolean") {
    return "true or false";
  }
  if (type == "object") {
    return "block";
  }
  return type.empty() ? "value" : printable(type, 40);
}

std::string fields_of(const Json& schema) {
  const auto fields = schema.find("x-mp-fields");
  std::string out;
  if (fields != schema.end() && fields->is_object()) {
    for (const auto& [name, kind] : fields->items()) {
      out += (out.empty() ? "fields: " : ", ") + printable(name, 60);
    }
  }
  return out;
}

std::set<std::string> required_of(const Json& schema) {
  std::set<std::string> out;
  if (schema.contains("required") && schema["required"].is_array()) {
    for (const Json& name : schema["required"]) {
      if (name.is_string()) {
        out.insert(name.get<std::string>());
      }
    }
  }
  return out;
}

std::string sample(const config::ComponentInfo& info, const Json& schema) {
  const bool is_list = info.kind != config::Kind::Source;
  const std::string indent = is_list ? "    " : "  ";
  std::string out = std::string(config::name_of(info.kind)) + (is_list ? "s:\n  - " : ":\n  ") +
                    "type: " + info.type + "\n";
  if (info.kind == config::Kind::Sink && info.capabilities.contains("remove")) {
    out +=
        indent + "on_remove: keep  # or trash, delete: when a message is removed at the source\n";
  }
  std::string options;
  for (const auto& [name, value] : sampled(schema)) {
    options.append(indent).append("  ").append(printable(name, 60));
    options.append(": ").append(value).append("\n");
  }
  return options.empty() ? out : out + indent + "with:\n" + options;
}

}  // namespace mailpipe::app
