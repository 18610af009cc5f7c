#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"

#include <string>
#include <vector>

namespace mailpipe::config {

/// The tree with every "PATH=VALUE" applied in order; VALUE is YAML. What cannot be applied is a diagnostic (MP1024) on
/// the command line. Adds the command line to `sources`.
NodePtr apply_overrides(NodePtr root, const std::vector<std::string>& overrides, Findings& findings,
                        Sources& sources);

}  // namespace mailpipe::config
