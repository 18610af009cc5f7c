#include "config/variables.hpp"

#include "config/references.hpp"
#include "config/suggest.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::config {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";
constexpr std::string_view kMatrix = "matrix.";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(' ');
  return from == std::string_view::npos ? std::string_view()
                                        : text.substr(from, text.find_last_not_of(' ') - from + 1);
}

std::vector<std::string> keys_of(const Node& node) {
  std::vector<std::string> keys;
  for (const Entry& entry : node.entries) {
    keys.push_back(entry.key);
  }
  return keys;
}

const Node* vars_of(const Node& root) {
  const Entry* vars = root.find("vars");
  return vars != nullptr ? vars->value.get() : nullptr;
}

class Replacer {
 public:
  enum class Matrix { None, Inside, Cell };

  Replacer(const Node* vars, Matrix matrix, const Cell* cell, Findings& findings)
      : vars_(vars),
        matrix_(matrix),
        cell_(cell),
        findings_(findings) {}

  /// The same node when nothing in it changes, so that what aliases share stays shared.
  NodePtr replace(const NodePtr& node) {
    if (node->type == Node::Type::String) {
      return node->text.find(kOpen) == std::string::npos ? node : replace_scalar(node);
    }
    if (node->is_scalar()) {
      return node;
    }
    auto copy = std::make_shared<Node>(*node);
    bool changed = false;
    std::size_t octets = 0;
    std::size_t nodes = 1;
    const auto visit = [&](NodePtr& child) {
      NodePtr now = replace(child);
      changed = changed || now != child;
      octets += now->octets;
      nodes += now->nodes;
      child = std::move(now);
    };
    for (NodePtr& item : copy->items) {
      visit(item);
    }
    for (Entry& entry : copy->entries) {
      visit(entry.value);
      octets += entry.key.size();
    }
    if (octets > kMaxOctets || nodes > kMaxNodes) {
      fail("MP1006", *node, "variables expand to more than 100,000 values or 4 MiB");
      return std::make_shared<const Node>();
    }
    copy->octets = octets;
    copy->nodes = nodes;
    return changed ? copy : node;
  }

 private:
  void fail(const char* code, const Node& at, std::string message, Advice advice = {}) {
    constexpr std::size_t kMost = 100;
    if (findings_.size() < kMost) {
      add_error(findings_, code, at.mark, std::move(message), std::move(advice));
    }
  }

  /// The value that "vars.x" or "matrix.x.y" names; null after a diagnostic.
  NodePtr value_of(std::string_view expression, const Node& at) {
    if (expression.starts_with(kMatrix)) {
      return value_in_matrix(expression.substr(kMatrix.size()), at);
    }
    if (!expression.starts_with("vars.")) {
      fail("MP1023", at, "'" + std::string(expression) + "' is not a variable",
           {{},
            "write ${{ vars.NAME }} or ${{ matrix.AXIS }}; the environment is read by {$env: "
            "NAME}"});
      return nullptr;
    }
    const std::string name(expression.substr(5));
    const Entry* entry = vars_ == nullptr ? nullptr : vars_->find(name);
    if (entry != nullptr && entry->value->text.find(kOpen) != std::string::npos) {
      fail("MP1023", *entry->value, "the variable '" + name + "' refers to another one");
      return nullptr;
    }
    if (entry == nullptr) {
      fail("MP1023", at, "the variable '" + name + "' is not defined under 'vars:'",
           {vars_ == nullptr ? "" : did_you_mean(name, keys_of(*vars_)), {}});
      return nullptr;
    }
    return entry->value;
  }

  NodePtr value_in_matrix(std::string_view path, const Node& at) {
    if (matrix_ != Matrix::Cell) {
      fail("MP1023", at,
           matrix_ == Matrix::Inside ? "a matrix cannot refer to itself"
                                     : "there is no 'matrix:' in this file");
      return nullptr;
    }
    const std::string axis(path.substr(0, path.find('.')));
    const auto choice =
        std::find_if(cell_->choices.begin(), cell_->choices.end(),
                     [&](const Cell::Choice& one) { return one.axis->name == axis; });
    if (choice == cell_->choices.end()) {
      std::vector<std::string> names;
      for (const Cell::Choice& one : cell_->choices) {
        names.push_back(one.axis->name);
      }
      fail("MP1023", at, "the matrix has no axis '" + axis + "'", {did_you_mean(axis, names), {}});
      return nullptr;
    }
    NodePtr value = choice->value->node;
    while (path.find('.') != std::string_view::npos) {
      path.remove_prefix(path.find('.') + 1);
      const std::string member(path.substr(0, path.find('.')));
      const Entry* entry = is_reference(*value) ? nullptr : value->find(member);
      if (entry == nullptr) {
        no_member(*choice, *value, member, at);
        return nullptr;
      }
      value = entry->value;
    }
    return value;
  }

  /// What no value of the axis has is told in the same words for every cell, so that it is told once.
  void no_member(const Cell::Choice& choice, const Node& value, const std::string& member,
                 const Node& at) {
    const std::vector<AxisValue>& all = choice.axis->values;
    const bool some = &value != choice.value->node.get() ||
                      std::any_of(all.begin(), all.end(), [&](const AxisValue& one) {
                        return one.node->find(member) != nullptr;
                      });
    const std::string axis = "the axis '" + choice.axis->name + "'";
    fail("MP1023", at,
         some ? "the value '" + choice.value->name + "' of " + axis + " has no '" + member + "'"
              : "no value of " + axis + " has a '" + member + "'",
         {is_reference(value) ? "" : did_you_mean(member, keys_of(value)), {}});
  }

  NodePtr replace_scalar(const NodePtr& node) {
    const std::string_view text = node->text;
    const std::size_t whole = text.find(kClose);
    if (text.starts_with(kOpen) && whole + kClose.size() == text.size()) {
      NodePtr value = value_of(trimmed(text.substr(kOpen.size(), whole - kOpen.size())), *node);
      return value ? value : node;
    }
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t open = text.find(kOpen, at);
      if (open == std::string_view::npos) {
        out += text.substr(at);
        break;
      }
      if (open > at && text[open - 1] == '$') {
        out += std::string(text.substr(at, open - 1 - at)) + std::string(kOpen);
        at = open + kOpen.size();
        continue;
      }
      const std::size_t close = text.find(kClose, open);
      if (close == std::string_view::npos) {
        fail("MP1023", *node, "'${{' without '}}'");
        return node;
      }
      const NodePtr value =
          value_of(trimmed(text.substr(open + kOpen.size(), close - open - kOpen.size())), *node);
      if (value == nullptr || !can_embed(*value, *node)) {
        // Neither the text, which is taken for a literal secret, nor the reference, whose variable is then shown.
        return value != nullptr && is_reference(*value)
                   ? std::make_shared<const Node>(make_scalar("", true, node->mark))
                   : node;
      }
      out += std::string(text.substr(at, open - at)) + value->text;
      at = close + kClose.size();
      if (out.size() > kMaxScalar) {
        fail("MP1006", *node, "a value of more than 8192 octets");
        return node;
      }
    }
    return std::make_shared<const Node>(make_scalar(std::move(out), false, node->mark));
  }

  bool can_embed(const Node& value, const Node& at) {
    if (is_reference(value)) {
      fail("MP1303", at, "a secret reference cannot be put inside of a longer text",
           {{}, "use the variable as the whole value"});
      return false;
    }
    if (!value.is_scalar() || value.type == Node::Type::Null) {
      fail("MP1023", at,
           "a variable inside of a text must be a text or number, this one is " + describe(value));
      return false;
    }
    return true;
  }

  const Node* vars_;
  Matrix matrix_;
  const Cell* cell_;
  Findings& findings_;
};

}  // namespace

NodePtr replace_variables(const NodePtr& root, const Cell* cell, Findings& findings) {
  Replacer replacer(vars_of(*root),
                    cell != nullptr ? Replacer::Matrix::Cell : Replacer::Matrix::None, cell,
                    findings);
  auto copy = std::make_shared<Node>(*root);
  copy->nodes = 1;
  for (Entry& entry : copy->entries) {
    if (entry.key != "vars" && entry.key != "matrix" && !entry.key.starts_with("x-")) {
      entry.value = replacer.replace(entry.value);
    }
    copy->nodes += entry.value->nodes;
  }
  return copy;
}

Entry replace_in_matrix(const Entry& matrix, const NodePtr& root, Findings& findings) {
  Replacer replacer(vars_of(*root), Replacer::Matrix::Inside, nullptr, findings);
  return {matrix.key, matrix.mark, replacer.replace(matrix.value)};
}

bool names_matrix(const Node& node) {
  const std::string_view text = node.text;
  for (std::size_t at = text.find(kOpen); at != std::string_view::npos;
       at = text.find(kOpen, at + 1)) {
    const std::size_t word = text.find_first_not_of(' ', at + kOpen.size());
    if (word != std::string_view::npos && text.substr(word).starts_with(kMatrix)) {
      return true;
    }
  }
  return false;
}

}  // namespace mailpipe::config
