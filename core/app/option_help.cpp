#include "option_help.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kWidth = 88;
constexpr int kMaxDepth = 4;

std::string text_of(const Json& schema, const char* name) {
  const auto found = schema.find(name);
  return found != schema.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A value as one writes it in YAML.
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

/// "text", "duration", "one of a, b": what may be written.
std::string form_of(const Json& schema, int depth = 0) {
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

/// "fields: id, received_at, subject", for a template.
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

void wrap(std::string& out, const std::string& text, std::size_t indent) {
  std::size_t column = kWidth;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (column + 1 + word.size() > kWidth) {
      out += (out.empty() || out.back() == '\n' ? "" : "\n") + std::string(indent, ' ') + word;
      column = indent + word.size();
    } else {
      out += " " + word;
      column += 1 + word.size();
    }
    at = end + 1;
  }
  out += "\n";
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

void describe_option(std::string& out, const std::string& name, const Json& schema, bool required,
                     std::size_t indent);

/// Required options first, then by name.
void describe_options(std::string& out, const Json& schema, std::size_t indent) {
  if (!schema.contains("properties") || !schema["properties"].is_object()) {
    return;
  }
  const std::set<std::string> required = required_of(schema);
  for (const bool wanted : {true, false}) {
    for (const auto& [name, option] : schema["properties"].items()) {
      if ((required.count(name) != 0) == wanted && option.is_object()) {
        describe_option(out, name, option, wanted, indent);
      }
    }
  }
}

void describe_option(std::string& out, const std::string& name, const Json& schema, bool required,
                     std::size_t indent) {
  out += std::string(indent, ' ') + printable(name, 60) + ": " + form_of(schema);
  if (required) {
    out += "  (required)";
  } else if (schema.contains("default")) {
    out += "  (default: " + yaml_of(schema["default"]) + ")";
  }
  if (schema.value("deprecated", Json(false)) == Json(true)) {
    const std::string other = text_of(schema, "x-mp-replaced-by");
    out += other.empty() ? "  (deprecated)" : "  (deprecated: use " + printable(other, 60) + ")";
  }
  out += "\n";
  if (const std::string text = text_of(schema, "description"); !text.empty()) {
    wrap(out, printable(text, 2000), indent + 4);
  }
  if (const std::string fields = fields_of(schema); !fields.empty()) {
    wrap(out, fields, indent + 4);
  }
  if (schema.contains("examples") && schema["examples"].is_array() && !schema["examples"].empty()) {
    wrap(out, "for example: " + joined(schema["examples"], " | "), indent + 4);
  }
  if (indent < 2 + 4 * kMaxDepth) {
    describe_options(out, schema, indent + 4);
    describe_options(out, schema.value("items", Json::object()), indent + 4);
  }
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
    return yaml_of(schema["examples"].front());
  }
  if (schema.contains("default")) {
    return yaml_of(schema["default"]);
  }
  return "...";
}

/// The required options, and the first of the groups of which one must be there, such as a password.
std::set<std::string> sampled_of(const Json& schema) {
  std::set<std::string> out = required_of(schema);
  const Json& groups = schema.contains("oneOf") ? schema["oneOf"] : Json();
  if (groups.is_array() && !groups.empty()) {
    out.merge(required_of(groups.front()));
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
  for (const std::string& name : sampled_of(schema)) {
    const Json& properties = schema.value("properties", Json::object());
    options += indent + "  " + printable(name, 60) + ": " +
               sample_of(name, properties.value(name, Json::object())) + "\n";
  }
  return options.empty() ? out : out + indent + "with:\n" + options;
}

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') {
      out += "  ";
    }
  }
  out.resize(out.size() - 2);
  return out;
}

}  // namespace

std::string describe(const config::ComponentInfo& info) {
  const Json schema = Json::parse(info.schema, nullptr, false);
  std::string out = std::string(config::name_of(info.kind)) + " " + info.type + ": " +
                    printable(info.summary) + "\n";
  out += "  plugin " + info.plugin_id + " " + info.version;
  if (!info.capabilities.empty()) {
    out += ", can " + joined(Json(info.capabilities), ", ");
  }
  out += "\n\nOptions under `with:`:\n";
  std::string options;
  if (schema.is_object()) {
    describe_options(options, schema, 2);
  }
  out += options.empty() ? "  none\n" : options;
  return out + "\nIn a pipeline:\n" +
         indented(sample(info, schema.is_object() ? schema : Json::object()));
}

}  // namespace mailpipe::app
