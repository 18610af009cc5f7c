#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/option_path.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace mailpipe::config {

/// Whether a format's canonical value is the text as it was written.
bool is_text_format(std::string_view format) noexcept;

/// `x-mp-format: template` (mailpipe/template.hpp), with the schema's `x-mp-fields`: {"subject": "text", "received_at":
/// "time"}, `x-mp-refused-fields`: {"digest": "why"}, `x-mp-groups-of`: the option beside it whose groups \1 means.
/// `subject` names the option in messages.
void check_template(const Node& node, const nlohmann::json& schema, const std::string& subject,
                    const Sources& sources, Findings& findings);

/// `x-mp-format: regex`: what PCRE2 compiles, on UTF-8.
void check_regex(const Node& node, const std::string& subject, const Sources& sources,
                 Findings& findings);

/// For a mapping whose template options are valid by themselves: that their groups exist in the expression.
void check_groups(const Node& map, const nlohmann::json& schema, const OptionPath& path,
                  const Sources& sources, Findings& findings);

/// `x-mp-format: time_zone`: UTC, local, +01:00, or a name that this machine's zoneinfo has.
bool is_time_zone(const std::string& text);

}  // namespace mailpipe::config
