#include "template_rules.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <algorithm>
#include <utility>

namespace mailpipe::rename {
namespace {

constexpr const char* kNeedsMessage =
    "where a message lies follows from what is known before it is read";

std::vector<TemplateField> metadata_fields() {
  std::vector<TemplateField> fields;
  for (const char* name : {"flags", "id", "key", "mailbox", "size"}) {
    fields.push_back({name, TemplateField::Kind::Text, {}});
  }
  fields.push_back({"received_at", TemplateField::Kind::Time, {}});
  return fields;
}

TemplateRules with_message_fields(const std::string& refused, bool groups) {
  TemplateRules rules{metadata_fields(), groups};
  for (const char* name : {"digest", "from", "from_address", "subject"}) {
    rules.fields.push_back({name, TemplateField::Kind::Text, refused});
  }
  return rules;
}

}  // namespace

TemplateRules name_rules() {
  return with_message_fields({}, false);
}

TemplateRules mailbox_rules() {
  return with_message_fields(kNeedsMessage, false);
}

TemplateRules replacement_rules() {
  return with_message_fields(kNeedsMessage, true);
}

Template read_template(const std::string& text, const TemplateRules& rules) {
  ParsedTemplate parsed = parse_template(text, rules);
  if (!parsed.problems.empty()) {
    const TemplateProblem& first = parsed.problems.front();
    throw Error(ErrorClass::Config,
                "the template '" + printable(text) + "': " + printable(first.message), first.help);
  }
  return std::move(parsed.parts);
}

bool names_any(const Template& parts, const std::vector<std::string>& fields) {
  return std::any_of(parts.begin(), parts.end(), [&](const TemplatePart& part) {
    return std::find(fields.begin(), fields.end(), part.field) != fields.end();
  });
}

}  // namespace mailpipe::rename
