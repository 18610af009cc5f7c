#pragma once

#include "config/option_path.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <utility>
#include <vector>

namespace mailpipe::config {

struct Judgement {
  bool schema_broken = false;  ///< then errors holds one text: why
  std::vector<std::pair<OptionPath, std::string>> errors;
};

/// valijson's word on canonical options. The schema is the plugin's; secrets and formats in it are read as what they
/// are once converted.
Judgement judge(const nlohmann::json& options, const nlohmann::json& schema);

/// The schema as it applies to canonical options.
nlohmann::json canonical_schema(const nlohmann::json& schema);

}  // namespace mailpipe::config
