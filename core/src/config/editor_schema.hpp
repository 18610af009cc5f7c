#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace mailpipe::config {

/// A schema with our annotations as an editor without them should read it: what a user may write and not what the
/// component gets. Local references are moved to where the schema will stand: below `place`, a JSON pointer.
nlohmann::json editor_schema(const nlohmann::json& schema, const std::string& place);

}  // namespace mailpipe::config
