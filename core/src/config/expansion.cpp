#include "config/expansion.hpp"

#include "config/component_reader.hpp"
#include "config/pipeline_reader.hpp"
#include "config/variables.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace mailpipe::config {
namespace {

/// What cells times their size may come to: each cell is checked as a file of its own.
constexpr std::size_t kMostNodes = 2'000'000;

NodePtr without(const NodePtr& root, std::string_view key) {
  auto copy = std::make_shared<Node>(*root);
  const auto named = [&](const Entry& entry) { return entry.key == key; };
  copy->entries.erase(std::remove_if(copy->entries.begin(), copy->entries.end(), named),
                      copy->entries.end());
  return copy;
}

/// Keys that a later version will read: said once, and out of the way of other checks.
NodePtr without_later_keys(NodePtr root, Findings& findings) {
  if (const Entry* later = root->find("include")) {
    add_error(findings, "MP1020", later->mark, "'include' is not supported by this version");
    root = without(root, "include");
  }
  return root;
}

/// "mail" becomes "mail-work", unless the file chose the place of the cell's name itself.
NodePtr with_cell_in_name(const NodePtr& root, const NodePtr& written, const Cell& cell) {
  const Entry* before = written->find("name");
  const Entry* now = root->find("name");
  if (now == nullptr || now->value->type != Node::Type::String || names_matrix(*before->value) ||
      !is_name(now->value->text)) {
    return root;
  }
  auto copy = std::make_shared<Node>(*root);
  for (Entry& entry : copy->entries) {
    if (entry.key == "name") {
      entry.value = std::make_shared<const Node>(
          make_scalar(now->value->text + "-" + cell.suffix(), false, now->value->mark));
    }
  }
  return copy;
}

Expanded expand_cell(const NodePtr& root, const Cell* cell, const std::filesystem::path& file,
                     const Catalog& catalog, Sources& sources) {
  Expanded out;
  NodePtr tree = replace_variables(root, cell, out.findings);
  out.nodes = tree->nodes;
  if (cell != nullptr) {
    tree = without(with_cell_in_name(tree, root, *cell), "matrix");
    for (const Cell::Choice& choice : cell->choices) {
      out.cell.emplace_back(choice.axis->name, choice.value->name);
    }
  }
  if (const Entry* name = tree->find("name")) {
    out.name = name->value->text;
  }
  out.pipeline = read_pipeline(*tree, file, catalog, out.findings, sources);
  return out;
}

/// Where the value stands in the file: of what several cells share, not of what differs.
Mark mark_of(const Node* node, const std::vector<std::string>& keys, const Mark& fallback) {
  for (const std::string& key : keys) {
    const Entry* entry = node->find(key);
    if (entry == nullptr) {
      return fallback;
    }
    node = entry->value.get();
  }
  return node->mark;
}

Mark mark_of_path(const Node& root, std::size_t sink, const Mark& fallback) {
  const Entry* sinks = root.find("sinks");
  return sinks == nullptr || sink >= sinks->value->items.size()
             ? fallback
             : mark_of(sinks->value->items[sink].get(), {"with", "path"}, fallback);
}

/// Says which two pipelines of the matrix would get into each other's way.
class Apart {
 public:
  Apart(NodePtr root, std::string variable, Findings& findings)
      : root_(std::move(root)),
        variable_(std::move(variable)),
        findings_(findings) {}

  void add(const Expanded& one) {
    if (!one.name.empty() && !names_.emplace(one.name, 0).second) {
      add_error(findings_, "MP1026", mark_of(root_.get(), {"name"}, root_->mark),
                "two pipelines of the matrix are called '" + one.name + "'",
                {{}, "write every axis of the matrix into the name, or none"});
    }
    if (one.pipeline.state_dir) {
      take(states_, *one.pipeline.state_dir, one.name, "its state",
           mark_of(root_.get(), {"state", "dir"}, root_->mark));
    }
    for (std::size_t i = 0; i < one.pipeline.sinks.size(); ++i) {
      const SinkSpec& sink = one.pipeline.sinks[i];
      const auto options = nlohmann::json::parse(sink.options, nullptr, false);
      if (options.is_object() && options.contains("path") && options["path"].is_string()) {
        take(paths_, options["path"].get<std::string>(), one.name, "the sink '" + sink.id + "'",
             mark_of_path(*root_, i, sink.mark));
      }
    }
  }

 private:
  using Owners = std::map<std::string, std::string>;

  void take(Owners& owners, const std::string& place, const std::string& owner,
            const std::string& what, const Mark& at) {
    const auto [first, added] = owners.emplace(place, owner);
    const bool told =
        std::any_of(findings_.begin(), findings_.end(), [&](const Diagnostic& finding) {
          return finding.code == "MP1027" && finding.line == at.line && finding.column == at.column;
        });
    if (!added && first->second != owner && !told) {
      add_error(findings_, "MP1027", at,
                "'" + owner + "' and '" + first->second + "' would both keep " + what + " in '" +
                    place + "'",
                {{}, "give each its own: put ${{ " + variable_ + " }} into it"});
    }
  }

  NodePtr root_;
  std::string variable_;
  Findings& findings_;
  std::map<std::string, int> names_;
  Owners states_, paths_;
};

/// "matrix.account.name": what tells the cells apart.
std::string telling(const Matrix& matrix) {
  const Axis& axis = matrix.axes.front();
  return "matrix." + axis.name + (axis.values.front().node->is_map() ? ".name" : "");
}

std::vector<Expanded> expand_matrix(const NodePtr& root, const Matrix& matrix,
                                    const std::filesystem::path& file, const Catalog& catalog,
                                    const std::vector<Selection>& selections,
                                    std::pair<Findings&, Sources&> out) {
  auto& [findings, sources] = out;
  const std::vector<Cell> cells = matrix.cells();
  const std::size_t before = findings.size();
  const std::vector<bool> selected = select(matrix, cells, selections, findings);
  if (findings.size() != before) {
    return {};
  }
  std::vector<Expanded> all;
  std::size_t nodes = 0;
  Apart apart(root, telling(matrix), findings);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    all.push_back(expand_cell(root, &cells[i], file, catalog, sources));
    if (selected[i] && count(all.back().findings, Severity::Error) == 0) {
      apart.add(all.back());
    }
    nodes += all.back().nodes;
    if (nodes > kMostNodes) {
      add_error(findings, "MP1006", matrix.mark,
                "the matrix expands to more than 2,000,000 values");
      return {};
    }
  }
  std::vector<Pipeline*> pipelines;
  for (Expanded& one : all) {
    pipelines.push_back(&one.pipeline);
  }
  ComponentReader::hide_variables(pipelines);
  std::vector<Expanded> chosen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (selected[i]) {
      chosen.push_back(std::move(all[i]));
    }
  }
  return chosen;
}

}  // namespace

std::vector<Expanded> expand(const NodePtr& given, const std::filesystem::path& file,
                             const Catalog& catalog, const std::vector<Selection>& selections,
                             Findings& findings, Sources& sources) {
  const NodePtr root = without_later_keys(given, findings);
  const Entry* entry = root->find("matrix");
  if (entry == nullptr) {
    if (!selections.empty()) {
      add_error(findings, "MP1028", root->mark, "--select: this file has no matrix");
      return {};
    }
    std::vector<Expanded> one;
    one.push_back(expand_cell(root, nullptr, file, catalog, sources));
    ComponentReader::hide_variables({&one.front().pipeline});
    return one;
  }
  const std::size_t before = count(findings, Severity::Error);
  const Matrix matrix = read_matrix(replace_in_matrix(*entry, root, findings), findings);
  if (count(findings, Severity::Error) != before) {
    return {};
  }
  return expand_matrix(root, matrix, file, catalog, selections, {findings, sources});
}

}  // namespace mailpipe::config
