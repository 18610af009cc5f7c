#include "reference_page.hpp"

#include "config/engine_schema.hpp"
#include "option_words.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <map>
#include <string_view>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 4;
constexpr std::size_t kMostText = 2000;

/// Text in which Markdown finds nothing, not even in a table.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += std::string_view("\\|*<>[]").find(c) == std::string_view::npos ? std::string(1, c)
                                                                          : std::string("\\") + c;
  }
  return out;
}

/// Text as code. A backtick would end it, and a table cuts its cells before it sees code.
std::string code(const std::string& text) {
  std::string out = "`";
  for (const char c : text) {
    out += c == '`' ? "'" : c == '|' ? "\\|" : std::string(1, c);
  }
  return out + "`";
}

std::string codes(const Json& list) {
  std::string out;
  for (const Json& one : list) {
    out += (out.empty() ? "" : ", ") + code(yaml_of(one));
  }
  return out;
}

bool is_list(const Json& schema, const char* name) {
  return schema.contains(name) && schema[name].is_array() && !schema[name].empty();
}

std::string form_cell(const Json& schema) {
  if (is_list(schema, "enum")) {
    return codes(schema["enum"]);
  }
  std::string out = plain(form_of(schema));
  if (out == "value") {
    return "";
  }
  if (schema.contains("minimum") && schema.contains("maximum")) {
    out += ", " + yaml_of(schema["minimum"]) + " to " + yaml_of(schema["maximum"]);
  } else if (schema.contains("minimum") && schema.value("type", Json()) == Json("integer")) {
    out += ", at least " + yaml_of(schema["minimum"]);
  }
  return out;
}

std::string default_cell(const Json& schema, bool required) {
  if (required) {
    return "**required**";
  }
  const bool block = schema.value("type", Json()) == Json("object");
  return schema.contains("default") && !block ? code(yaml_of(schema["default"])) : "";
}

std::string meaning_cell(const Json& schema) {
  std::string out;
  const auto add = [&out](const std::string& text) {
    out += (out.empty() || text.empty() ? "" : " ") + text;
  };
  if (schema.value("deprecated", Json(false)) == Json(true)) {
    const std::string other = text_of(schema, "x-mp-replaced-by");
    add(other.empty() ? "Deprecated." : "Deprecated: use " + code(printable(other, 60)) + ".");
  }
  add(plain(printable(text_of(schema, "description"), kMostText)));
  if (const Json fields = schema.value("x-mp-fields", Json()); fields.is_object()) {
    Json names = Json::array();
    for (const auto& [name, kind] : fields.items()) {
      names.push_back(name);
    }
    add("Fields: " + codes(names) + ".");
  }
  if (is_list(schema, "examples")) {
    add("For example " + codes(schema["examples"]) + ".");
  }
  return out;
}

/// Rows of a block's options: required ones first, then by name; those of a nested block follow it.
void add_rows(std::string& out, const Json& schema, const std::string& prefix, int depth) {
  const Json properties = schema.value("properties", Json::object());
  if (!properties.is_object() || depth > kMaxDepth) {
    return;
  }
  const std::set<std::string> required = required_of(schema);
  for (const bool wanted : {true, false}) {
    for (const auto& [name, option] : properties.items()) {
      if (required.contains(name) != wanted || !option.is_object()) {
        continue;
      }
      const std::string path = prefix + printable(name, 60);
      out += "| " + code(path) + " | " + form_cell(option) + " | " + default_cell(option, wanted) +
             " | " + meaning_cell(option) + " |\n";
      add_rows(out, option, path + ".", depth + 1);
      add_rows(out, option.value("items", Json::object()), path + "[].", depth + 1);
    }
  }
}

std::string table(const Json& schema) {
  std::string rows;
  if (schema.is_object()) {
    add_rows(rows, schema, "", 0);
  }
  return rows.empty()
             ? "None.\n"
             : "| Key | What may stand there | Default | What it does |\n|---|---|---|---|\n" +
                   rows;
}

/// "Exactly one of `password` and `token` must be there."
std::string alternatives(const Json& schema) {
  std::string out;
  const Json groups = schema.value("oneOf", Json());
  for (std::size_t i = 0; groups.is_array() && i < groups.size(); ++i) {
    std::string together;
    for (const std::string& name : required_of(groups[i])) {
      together += (together.empty() ? "" : " with ") + code(printable(name, 60));
    }
    out += (out.empty() || together.empty() ? "" : ", ") + together;
  }
  return out.empty() ? "" : "\nExactly one of these must be there: " + out + ".\n";
}

void add_secrets(Json& out, const Json& schema, const std::string& prefix, int depth) {
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, option] : properties.items()) {
    if (option.is_object() && depth < kMaxDepth) {
      if (option.value("x-mp-secret", Json(false)) == Json(true)) {
        out.push_back(prefix + name);
      }
      add_secrets(out, option, prefix + name + ".", depth + 1);
    }
  }
}

std::string secrets(const Json& schema) {
  Json names = Json::array();
  add_secrets(names, schema, "", 0);
  return names.empty()
             ? ""
             : "\n## Secrets\n\n" + codes(names) +
                   ": never in the file itself, but as `{ $env: NAME }`, `{ $file: PATH }` "
                   "or `{ $command: [PROGRAM, ARGUMENT] }`.\n";
}

std::string meaning_of(config::Kind kind, const std::string& capability) {
  static const std::map<std::string, std::string, std::less<>> kOfSinks{
      {"link", "gives a stored message a further place without a second copy"},
      {"mailboxes", "makes and removes mailboxes, empty ones too"},
      {"metadata", "writes down what changes about a stored message: keywords, mailboxes"},
      {"ordered", "gets the messages of a stream in the order in which they were listed"},
      {"places", "has a place for each mailbox that a message is in"},
      {"read", "gives back what it stored: for verifying, and to fill another sink"},
      {"remove", "takes away what was removed at the source: `on_remove: trash` and `delete`"},
      {"scan", "tells what lies in it: `mailpipe state rebuild`"},
      {"update", "follows changed flags and keywords"}};
  static const std::map<std::string, std::string, std::less<>> kOfFilters{
      {"owners", "names messages duplicates of others; stands under the pipeline's own `filters:`"},
      {"places", "chooses the mailboxes that messages lie in"}};
  const auto& table = kind == config::Kind::Filter ? kOfFilters : kOfSinks;
  const auto found = table.find(capability);
  return found == table.end() ? "" : ": " + found->second;
}

std::string capabilities(const config::ComponentInfo& info) {
  std::string out;
  for (const std::string& capability : info.capabilities) {
    out += "- " + code(printable(capability, 60)) + meaning_of(info.kind, capability) + "\n";
  }
  return out.empty() ? "" : "\n## What it can do\n\n" + out;
}

std::string heading(const std::string& title, const std::string& summary) {
  return "# " + title + "\n\n" + summary + "\n\n";
}

}  // namespace

std::string reference_page(const config::ComponentInfo& info) {
  Json schema = Json::parse(info.schema, nullptr, false);
  if (!schema.is_object()) {
    schema = Json::object();
  }
  return heading("`" + info.type + "`, a " + std::string(config::name_of(info.kind)),
                 plain(printable(info.summary, kMostText)) + " Plugin " +
                     code(printable(info.plugin_id, 60)) + ".") +
         "```yaml\n" + sample(info, schema) + "```\n\n## Options\n\nUnder `with:`.\n\n" +
         table(schema) + alternatives(schema) + secrets(schema) + capabilities(info);
}

std::string engine_page() {
  return heading("A pipeline file", "The keys that mailpipe itself reads.") + "## The file\n\n" +
         table(config::frame_schema()) + "\n## A source or a filter\n\n" +
         table(config::component_schema(config::Kind::Source)) + "\n## A sink\n\n" +
         table(config::component_schema(config::Kind::Sink));
}

}  // namespace mailpipe::app
