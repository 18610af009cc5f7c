#include "config/text_formats.hpp"

#include "config/regex.hpp"
#include "config/scalar_mark.hpp"
#include "config/schema_words.hpp"
#include "config/suggest.hpp"

#include <mailpipe/template.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cstdlib>
#include <fstream>
#include <regex>

namespace mailpipe::config {
namespace {

using Json = nlohmann::json;

TemplateRules rules_of(const Json& schema) {
  TemplateRules rules;
  const auto each = [&](const char* name, auto add) {
    if (const auto fields = schema.find(name); fields != schema.end() && fields->is_object()) {
      for (const auto& [field, value] : fields->items()) {
        add(field, value.is_string() ? value.template get<std::string>() : std::string());
      }
    }
  };
  each("x-mp-fields", [&](const std::string& field, const std::string& kind) {
    rules.fields.push_back(
        {field, kind == "time" ? TemplateField::Kind::Time : TemplateField::Kind::Text, {}});
  });
  each("x-mp-refused-fields", [&](const std::string& field, const std::string& why) {
    rules.fields.push_back({field, TemplateField::Kind::Text, why});
  });
  rules.groups = !member(schema, "x-mp-groups-of").empty();
  return rules;
}

const char* code_of(TemplateProblem::Kind kind) {
  switch (kind) {
    case TemplateProblem::Kind::Syntax:
      break;
    case TemplateProblem::Kind::UnknownField:
      return "MP1031";
    case TemplateProblem::Kind::Format:
      return "MP1032";
  }
  return "MP1030";
}

}  // namespace

bool is_text_format(std::string_view format) noexcept {
  return format == "path" || format == "template" || format == "regex" || format == "time_zone";
}

void check_template(const Node& node, const Json& schema, const std::string& subject,
                    const Sources& sources, Findings& findings) {
  for (const TemplateProblem& one : parse_template(node.text, rules_of(schema)).problems) {
    add_error(findings, code_of(one.kind), mark_within(node, sources, one.offset, one.length),
              subject + ": " + one.message, {did_you_mean(one.word, one.candidates), one.help});
  }
}

void check_regex(const Node& node, const std::string& subject, const Sources& sources,
                 Findings& findings) {
  const RegexCheck check = compile_regex(node.text);
  if (!check.wrong.empty()) {
    add_error(findings, "MP1033", mark_within(node, sources, check.offset, 1),
              subject + ": no regular expression: " + check.wrong,
              {{}, "a character like [ ( . * + ? stands for itself behind a backslash"});
  }
}

void check_groups(const Node& map, const Json& schema, const OptionPath& path,
                  const Sources& sources, Findings& findings) {
  const auto properties = schema.find("properties");
  if (properties == schema.end()) {
    return;
  }
  for (const Entry& entry : map.entries) {
    const auto property = properties->find(entry.key);
    const std::string of =
        property == properties->end() ? std::string() : member(*property, "x-mp-groups-of");
    const Entry* expression = of.empty() ? nullptr : map.find(of);
    if (expression == nullptr || !expression->value->is_scalar() || !entry.value->is_scalar()) {
      continue;
    }
    const RegexCheck check = compile_regex(expression->value->text);
    for (const TemplatePart& part : parse_template(entry.value->text, rules_of(*property)).parts) {
      if (check.wrong.empty() && part.group && *part.group > check.groups) {
        add_error(findings, "MP1030", mark_within(*entry.value, sources, part.offset, 2),
                  "'" + display_of(below(path, entry.key)) + "': '" + of + "' has " +
                      std::to_string(check.groups) + (check.groups == 1 ? " group" : " groups") +
                      ", there is no \\" + std::to_string(*part.group),
                  {{}, "a group is what stands in ( ) in '" + of + "'"});
      }
    }
  }
}

bool is_time_zone(const std::string& text) {
  static const std::regex kOffset("[+-][0-9]{2}:[0-9]{2}");
  static const std::regex kName("[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*)*");
  if (text == "UTC" || text == "local" || std::regex_match(text, kOffset)) {
    return true;
  }
  if (text.size() > 64 || !std::regex_match(text, kName)) {
    return false;
  }
  const char* folder = std::getenv("TZDIR");
  std::ifstream file((folder != nullptr ? folder : "/usr/share/zoneinfo") + ("/" + text),
                     std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), 4) == "TZif";
}

}  // namespace mailpipe::config
