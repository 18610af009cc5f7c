#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mailpipe::config {

/// The `tests:` of a pipeline, which fit their schema already: `tests` as written, `checked` with units converted.
/// Errors  Diagnostics (MP1040).
std::vector<TestSpec> read_tests(const Node& tests, const nlohmann::json& checked,
                                 const std::vector<std::string>& sink_ids, Findings& findings);

}  // namespace mailpipe::config
