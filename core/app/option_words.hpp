#pragma once

#include "config/catalog.hpp"

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>

namespace mailpipe::app {

// What a schema says of an option, in words; for `inspect` on a terminal and for reference pages. Manifests are foreign:
// everything has passed the printable gate.

/// The text under `name`, as it stands there, or empty.
std::string text_of(const nlohmann::json& schema, const char* name);

/// A value, and the values of a list, as one writes them in YAML.
std::string yaml_of(const nlohmann::json& value);
std::string joined(const nlohmann::json& list, const char* separator);

/// "text", "duration", "one of a, b": what may be written.
std::string form_of(const nlohmann::json& schema, int depth = 0);

/// "fields: id, received_at, subject", for a template.
std::string fields_of(const nlohmann::json& schema);

std::set<std::string> required_of(const nlohmann::json& schema);

/// A piece of a pipeline with this component, to begin with: the schema's first example, else the options that must be
/// there, else the first one that has an example.
std::string sample(const config::ComponentInfo& info, const nlohmann::json& schema);

}  // namespace mailpipe::app
