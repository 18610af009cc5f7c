#pragma once

#include "config/findings.hpp"
#include "config/matrix.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// One --select: `account=work`, `account=work,home`, `account=w*`. Values of one axis are alternatives, also over
/// several --select; axes narrow each other.
struct Selection {
  std::string axis;
  std::vector<std::string> patterns;  ///< as fnmatch(3) reads them
};

/// Nothing when the text is not AXIS=VALUE.
std::optional<Selection> read_selection(std::string_view text);

/// For each cell whether it is selected. What chooses nothing is MP1028, and lists what there is.
std::vector<bool> select(const Matrix& matrix, const std::vector<Cell>& cells,
                         const std::vector<Selection>& selections, Findings& findings);

}  // namespace mailpipe::config
