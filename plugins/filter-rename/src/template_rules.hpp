#pragma once

#include <mailpipe/template.hpp>

#include <string>
#include <vector>

namespace mailpipe::rename {

using Template = std::vector<TemplatePart>;

/// What each option's templates may name; manifest.json says the same, for lint.
TemplateRules name_rules();
TemplateRules mailbox_rules();
TemplateRules replacement_rules();

/// Throws Config with the first problem; only when lint was gone around.
Template read_template(const std::string& text, const TemplateRules& rules);

/// Whether the template names one of the fields.
bool names_any(const Template& parts, const std::vector<std::string>& fields);

}  // namespace mailpipe::rename
