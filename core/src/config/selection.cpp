#include "config/selection.hpp"

#include "config/schema_words.hpp"
#include "config/suggest.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace mailpipe::config {
namespace {

bool fits(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& one : list) {
    names.push_back(one.name);
  }
  return names;
}

void nothing_chosen(const Mark& at, const std::string& what, const std::string& word,
                    const std::vector<std::string>& names, Findings& findings) {
  add_error(findings, "MP1028", at, what,
            {did_you_mean(word, names), "there are: " + listed(names)});
}

void check(const Matrix& matrix, const Selection& selection, Findings& findings) {
  const Axis* axis = matrix.find(selection.axis);
  if (axis == nullptr) {
    nothing_chosen(matrix.mark, "--select: the matrix has no axis '" + selection.axis + "'",
                   selection.axis, names_of(matrix.axes), findings);
    return;
  }
  for (const std::string& pattern : selection.patterns) {
    if (std::none_of(axis->values.begin(), axis->values.end(),
                     [&](const AxisValue& value) { return fits(pattern, value.name); })) {
      nothing_chosen(axis->mark,
                     "--select: the axis '" + axis->name + "' has no value '" + pattern + "'",
                     pattern, names_of(axis->values), findings);
    }
  }
}

/// Whether one of the selections of the choice's axis takes it, or there is none.
bool takes(const std::vector<Selection>& selections, const Cell::Choice& choice) {
  bool named = false;
  for (const Selection& selection : selections) {
    if (selection.axis == choice.axis->name) {
      named = true;
      if (std::any_of(
              selection.patterns.begin(), selection.patterns.end(),
              [&](const std::string& pattern) { return fits(pattern, choice.value->name); })) {
        return true;
      }
    }
  }
  return !named;
}

}  // namespace

std::optional<Selection> read_selection(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return std::nullopt;
  }
  Selection out{std::string(text.substr(0, equals)), {}};
  for (std::size_t from = equals + 1; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    if (end == from) {
      return std::nullopt;
    }
    out.patterns.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out.patterns.empty() ? std::nullopt : std::optional(std::move(out));
}

std::vector<bool> select(const Matrix& matrix, const std::vector<Cell>& cells,
                         const std::vector<Selection>& selections, Findings& findings) {
  for (const Selection& selection : selections) {
    check(matrix, selection, findings);
  }
  std::vector<bool> out;
  for (const Cell& cell : cells) {
    out.push_back(std::all_of(cell.choices.begin(), cell.choices.end(),
                              [&](const auto& choice) { return takes(selections, choice); }));
  }
  return out;
}

}  // namespace mailpipe::config
