#pragma once

#include "config/catalog.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mailpipe::config {

/// JSON Schema of the engine's own keys, in the same words as those of plugins: what `run:`, `state:` and the top of
/// the file hold. Components are checked one by one: component_schema().
const nlohmann::json& frame_schema();

/// JSON Schema of what stands beside `type:` of a source, filter or sink; `with` takes anything here.
const nlohmann::json& component_schema(Kind kind);

/// The keys that a schema names.
std::vector<std::string> property_names(const nlohmann::json& schema);

}  // namespace mailpipe::config
