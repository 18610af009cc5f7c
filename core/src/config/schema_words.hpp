#pragma once

#include "config/node.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mailpipe::config {

/// What a schema asks for, in words that follow "expects": "a duration like 24h or 1h30m", "true or false".
std::string expectation(const nlohmann::json& schema);

/// Whether a value has (one of) the schema's `type`; true when it names none.
bool type_fits(const Node& node, const nlohmann::json& schema);

/// "'a', 'b' or 'c'".
std::string listed(const std::vector<std::string>& words);

/// A value of `enum` or `const` as a user would write it.
std::string word_for(const nlohmann::json& value);

/// The schema's text member, or empty.
std::string member(const nlohmann::json& schema, const char* name);

/// Whether the schema has this boolean member, and it is true.
bool flag(const nlohmann::json& schema, const char* name);

/// Nothing when the pattern is not a regular expression: valijson then says so.
std::optional<bool> matches(const std::string& text, const std::string& pattern);

/// The alternatives of `oneOf` or `anyOf`, or null.
const nlohmann::json* branches_of(const nlohmann::json& schema);

}  // namespace mailpipe::config
