#include "option_help.hpp"

#include "config/engine_schema.hpp"
#include "option_words.hpp"

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

std::string describe_engine() {
  std::string out = "The keys of a pipeline file:\n";
  describe_options(out, config::frame_schema(), 2);
  out += "\nBeside `type:` of a sink (a source and a filter have type, id and with):\n";
  describe_options(out, config::component_schema(config::Kind::Sink), 2);
  return out;
}

}  // namespace mailpipe::app
