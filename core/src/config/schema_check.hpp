#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/secret.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace mailpipe::config {

/// Whose options are being checked, in words for messages.
struct CheckScope {
  std::string owner;             ///< "source 'jmap'"; empty: the pipeline file itself
  std::string noun = "option";   ///< "option" of a plugin, "key" of the engine
  std::string help;              ///< under an unknown option: where to read on
  std::filesystem::path folder;  ///< relative paths count from here

  /// Names that belong to the other level (beside `with:` or below it), and what to say behind the name of one that is
  /// met here.
  std::vector<std::string> elsewhere;
  std::string elsewhere_code;
  std::string elsewhere_message;
};

/// What a check brings besides diagnostics.
struct Checked {
  nlohmann::json
      value;  ///< canonical: defaults filled in, units converted, secrets replaced by {"$secret": pointer}
  nlohmann::json written;  ///< as the user wrote it, literal secrets left out
  std::vector<SecretReference> secrets;
  bool valid = false;  ///< false: there are errors and value must not be used
};

/// Checks a mapping against a JSON Schema with our annotations and converts it.
///
/// Annotations  x-mp-secret: true; x-mp-format: duration | size | datetime | fraction | path | template | regex |
///              time_zone (text_formats.hpp); deprecated: true with x-mp-replaced-by; x-mp-warn: {value of an enum:
///              what it costs to choose it}. A property with a format may say type string or integer: users write the text, the
///              component gets the number. `additionalProperties: false` is forced on wherever properties are named.
/// Judge        What people misspell gets a message of its own here; valijson then decides, so nothing invalid passes.
/// where        Stands for the mapping when something is missing in it: its key.
/// sources      Literal secrets are overwritten in it, so that no rendered line shows one.
Checked check_mapping(const Node& node, const nlohmann::json& schema, const CheckScope& scope,
                      const Mark& where, Findings& findings, Sources& sources);

}  // namespace mailpipe::config
