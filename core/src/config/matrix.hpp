#pragma once

#include "config/findings.hpp"
#include "config/mark.hpp"
#include "config/node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::config {

/// One value of an axis, under the name that files, reports and --select know it by.
struct AxisValue {
  std::string name;  ///< of a mapping its `name`, else the value itself
  Mark mark;
  NodePtr node;
};

struct Axis {
  std::string name;
  Mark mark;
  std::vector<AxisValue> values;
};

/// One combination of values, the first axis first.
struct Cell {
  struct Choice {
    const Axis* axis = nullptr;
    const AxisValue* value = nullptr;
  };

  std::vector<Choice> choices;

  /// "work-imap": what follows the pipeline's name.
  std::string suffix() const;
};

/// The `matrix:` of a file: axis -> list of scalars, or of mappings with a `name`. `vars` are replaced already.
struct Matrix {
  Mark mark;
  std::vector<Axis> axes;

  const Axis* find(std::string_view axis) const noexcept;

  /// Every combination, in the order of the file; the last axis turns fastest.
  std::vector<Cell> cells() const;
};

inline constexpr std::size_t kMaxCells = 256;

/// Errors  MP1025 and MP1026; what is returned after one must not be expanded.
Matrix read_matrix(const Entry& entry, Findings& findings);

}  // namespace mailpipe::config
