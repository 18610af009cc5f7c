#pragma once

#include "config/findings.hpp"
#include "config/node.hpp"

namespace mailpipe::config {

/// The tree with every ${{ vars.NAME }} replaced by the value under `vars:`. A whole scalar becomes the value with its
/// type (a secret reference stays one); inside of a longer text the value must be a scalar. One pass: values are not
/// looked at again. `$${{` stands for the characters. Errors are diagnostics (MP1023, MP1303).
NodePtr replace_variables(const NodePtr& root, Findings& findings);

}  // namespace mailpipe::config
