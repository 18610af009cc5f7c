#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/secret.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace mailpipe::config {

/// A mapping with a key that starts with `$`: {$env: X}, {$file: p}, {$command: [argv]}, well formed or not.
bool is_reference(const Node& node) noexcept;

/// The reference that stands at `node`, for the secret option `pointer`; nothing and a diagnostic when it is malformed
/// (MP1304) or its variable is missing (MP1302).
std::optional<SecretReference> read_reference(const Node& node, std::string pointer,
                                              const std::filesystem::path& folder,
                                              Findings& findings);

/// The text of a {$env: X} under an option that is no secret; nothing and a diagnostic for anything else.
std::optional<std::string> read_variable(const Node& node, Findings& findings);

/// Overwrites in the text that render() shows what stands at `value`: the rest of its line and the lines that go on
/// with it. Returns where the asterisks are.
Mark mask(Sources& sources, const Node& value);

}  // namespace mailpipe::config
