#include "config/matrix.hpp"

#include "config/component_reader.hpp"
#include "config/references.hpp"

#include <algorithm>

namespace mailpipe::config {
namespace {

constexpr char kShape[] =
    "write a list of values for each axis: account: [{ name: work, ... }, { name: home, ... }]";
constexpr char kNameRule[] =
    "names become part of paths: a-z, 0-9, - and _; write { name: ann, user: ann@example.org }";

AxisValue read_value(const std::string& axis, const NodePtr& node, Findings& findings) {
  AxisValue out{{}, node->mark, node};
  const Entry* name = node->find("name");
  const bool nothing = node->type == Node::Type::Null || node->is_list();
  if (nothing || (node->is_map() && (is_reference(*node) || name == nullptr))) {
    add_error(findings, "MP1025", node->mark,
              nothing ? "a value of the axis '" + axis + "' is a text or a mapping, got " +
                            describe(*node)
                      : "a value of the axis '" + axis + "' has no 'name'",
              {{}, kNameRule});
    return out;
  }
  const Node& text = node->is_map() ? *name->value : *node;
  out.name = text.text;
  out.mark = text.mark;
  if (!text.is_scalar() || !is_name(out.name)) {
    add_error(findings, "MP1025", text.mark,
              describe(text) + " cannot name a value of the axis '" + axis + "'", {{}, kNameRule});
  }
  return out;
}

Axis read_axis(const Entry& entry, Findings& findings) {
  Axis axis{entry.key, entry.mark, {}};
  if (entry.key == "include" || entry.key == "exclude") {
    add_error(findings, "MP1020", entry.mark,
              "'" + entry.key + "' of a matrix is not supported by this version");
    return axis;
  }
  if (!is_name(entry.key)) {
    add_error(findings, "MP1025", entry.mark, "'" + entry.key + "' cannot name an axis",
              {{}, "use a-z, 0-9, - and _"});
  }
  if (!entry.value->is_list() || entry.value->items.empty()) {
    add_error(findings, "MP1025", entry.mark,
              "the axis '" + entry.key + "' needs a list of values, got " +
                  (entry.value->is_list() ? "an empty one" : describe(*entry.value)),
              {{}, kShape});
    return axis;
  }
  for (const NodePtr& item : entry.value->items) {
    AxisValue value = read_value(entry.key, item, findings);
    const auto same = [&](const AxisValue& one) { return one.name == value.name; };
    const auto first = std::find_if(axis.values.begin(), axis.values.end(), same);
    if (!value.name.empty() && first != axis.values.end()) {
      add_error(findings, "MP1026", value.mark,
                "the axis '" + entry.key + "' has the value '" + value.name + "' twice",
                {{}, "the first one is in line " + std::to_string(first->mark.line)});
    }
    axis.values.push_back(std::move(value));
  }
  return axis;
}

}  // namespace

std::string Cell::suffix() const {
  std::string out;
  for (const Choice& choice : choices) {
    out += (out.empty() ? "" : "-") + choice.value->name;
  }
  return out;
}

const Axis* Matrix::find(std::string_view axis) const noexcept {
  const auto found =
      std::find_if(axes.begin(), axes.end(), [&](const Axis& one) { return one.name == axis; });
  return found == axes.end() ? nullptr : &*found;
}

std::vector<Cell> Matrix::cells() const {
  std::vector<Cell> out(1);
  for (const Axis& axis : axes) {
    std::vector<Cell> longer;
    for (const Cell& cell : out) {
      for (const AxisValue& value : axis.values) {
        longer.push_back(cell);
        longer.back().choices.push_back({&axis, &value});
      }
    }
    out = std::move(longer);
  }
  return out;
}

Matrix read_matrix(const Entry& entry, Findings& findings) {
  Matrix matrix;
  matrix.mark = entry.mark;
  if (!entry.value->is_map() || entry.value->entries.empty()) {
    add_error(findings, "MP1025", entry.mark,
              "'matrix' is a mapping of axes, got " +
                  (entry.value->is_map() ? "an empty one" : describe(*entry.value)),
              {{}, kShape});
    return matrix;
  }
  std::size_t cells = 1;
  for (const Entry& axis : entry.value->entries) {
    matrix.axes.push_back(read_axis(axis, findings));
    cells *= std::max<std::size_t>(matrix.axes.back().values.size(), 1);
    if (cells > kMaxCells) {
      add_error(findings, "MP1025", entry.mark,
                "the matrix expands to more than " + std::to_string(kMaxCells) + " pipelines");
      break;
    }
  }
  return matrix;
}

}  // namespace mailpipe::config
