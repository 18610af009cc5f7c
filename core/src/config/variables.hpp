#pragma once

#include "config/findings.hpp"
#include "config/matrix.hpp"
#include "config/node.hpp"

namespace mailpipe::config {

/// The tree with every ${{ vars.NAME }} replaced by the value under `vars:`, and, for one cell of a matrix, every
/// ${{ matrix.AXIS }} and ${{ matrix.AXIS.MEMBER }} by the cell's. A whole scalar becomes the value with its type (a
/// secret reference stays one); inside of a longer text the value must be a scalar. One pass: values are not looked at
/// again. `$${{` stands for the characters. `vars`, `matrix` and x- keys stay as they are.
/// Errors  Diagnostics (MP1023, MP1303).
NodePtr replace_variables(const NodePtr& root, const Cell* cell, Findings& findings);

/// The same for the axes of the matrix itself, which only `vars` may stand in.
Entry replace_in_matrix(const Entry& matrix, const NodePtr& root, Findings& findings);

/// Whether the text holds a ${{ matrix... }}.
bool names_matrix(const Node& node);

}  // namespace mailpipe::config
