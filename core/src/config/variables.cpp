#include "config/variables.hpp"

#include "config/references.hpp"
#include "config/suggest.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe::config {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kClose = "}}";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(' ');
  return from == std::string_view::npos ? std::string_view()
                                        : text.substr(from, text.find_last_not_of(' ') - from + 1);
}

class Replacer {
 public:
  Replacer(const Node* vars, Findings& findings) : vars_(vars), findings_(findings) {}

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
    const auto visit = [&](NodePtr& child) {
      NodePtr now = replace(child);
      changed = changed || now != child;
      octets += now->octets;
      child = std::move(now);
    };
    for (NodePtr& item : copy->items) {
      visit(item);
    }
    for (Entry& entry : copy->entries) {
      visit(entry.value);
      octets += entry.key.size();
    }
    if (octets > kMaxOctets) {
      fail("MP1006", *node, "variables expand to more than 4 MiB");
      return std::make_shared<const Node>();
    }
    copy->octets = octets;
    return changed ? copy : node;
  }

 private:
  void fail(const char* code, const Node& at, std::string message, Advice advice = {}) {
    constexpr std::size_t kMost = 100;
    if (findings_.size() < kMost) {
      add_error(findings_, code, at.mark, std::move(message), std::move(advice));
    }
  }

  /// The value that "vars.x" names; null after a diagnostic.
  NodePtr value_of(std::string_view expression, const Node& at) {
    if (expression.starts_with("matrix.")) {
      fail("MP1020", at, "'matrix' is not supported by this version");
      return nullptr;
    }
    if (!expression.starts_with("vars.")) {
      fail("MP1023", at, "'" + std::string(expression) + "' is not a variable",
           {{}, "write ${{ vars.NAME }}; the environment is read by {$env: NAME}"});
      return nullptr;
    }
    const std::string name(expression.substr(5));
    const Entry* entry = vars_ == nullptr ? nullptr : vars_->find(name);
    if (entry != nullptr && entry->value->text.find(kOpen) != std::string::npos) {
      fail("MP1023", *entry->value, "the variable '" + name + "' refers to another one");
      return nullptr;
    }
    if (entry == nullptr) {
      std::vector<std::string> names;
      for (std::size_t i = 0; vars_ != nullptr && i < vars_->entries.size(); ++i) {
        names.push_back(vars_->entries[i].key);
      }
      fail("MP1023", at, "the variable '" + name + "' is not defined under 'vars:'",
           {did_you_mean(name, names), {}});
      return nullptr;
    }
    return entry->value;
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
        return value != nullptr && is_reference(*value)
                   ? value
                   : node;  // so that nobody takes it for a literal secret
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
  Findings& findings_;
};

}  // namespace

NodePtr replace_variables(const NodePtr& root, Findings& findings) {
  const Entry* vars = root->find("vars");
  Replacer replacer(vars != nullptr ? vars->value.get() : nullptr, findings);
  auto copy = std::make_shared<Node>(*root);
  for (Entry& entry : copy->entries) {
    if (entry.key != "vars" && !entry.key.starts_with("x-")) {
      entry.value = replacer.replace(entry.value);
    }
  }
  return copy;
}

}  // namespace mailpipe::config
