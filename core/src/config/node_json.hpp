#pragma once

#include "config/node.hpp"

#include <nlohmann/json_fwd.hpp>

namespace mailpipe::config {

/// The plain JSON of a tree. Numbers, booleans and null keep their type.
nlohmann::json to_json(const Node& node);

/// A tree that stands at `mark` as a whole: for defaults out of a schema. `json` comes from us, not from users.
Node from_json(const nlohmann::json& json, const Mark& mark);

}  // namespace mailpipe::config
