#include "config/overrides.hpp"

#include "config/yaml_document.hpp"
#include "config/yaml_text.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace mailpipe::config {
namespace {

struct Step {
  std::string name;
  Mark mark;
};

struct Target {
  std::vector<Step> steps;
  NodePtr value;
};

NodePtr replaced(const NodePtr& node, const Target& target, std::size_t depth, Findings& findings);

NodePtr in_list(const NodePtr& node, const Target& target, std::size_t depth, Findings& findings) {
  const Step& step = target.steps[depth];
  std::size_t position = node->items.size();
  const auto named = [&](std::size_t i, const char* key) {
    const Entry* entry = node->items[i]->find(key);
    return entry != nullptr && entry->value->text == step.name;
  };
  const auto [end, error] =
      std::from_chars(step.name.data(), step.name.data() + step.name.size(), position);
  if (error != std::errc() || end != step.name.data() + step.name.size()) {
    position = node->items.size();
    for (std::size_t i = node->items.size(); i-- > 0;) {
      position = named(i, "type") && node->items[i]->find("id") == nullptr ? i : position;
    }
    for (const char* key : {"name", "id"}) {
      for (std::size_t i = node->items.size(); i-- > 0;) {
        position = named(i, key) ? i : position;
      }
    }
  }
  if (position >= node->items.size()) {
    add_error(findings, "MP1024", step.mark, "no entry '" + step.name + "' in this list",
              {{}, "entries are named by their number from 0, or by their id"});
    return node;
  }
  auto copy = std::make_shared<Node>(*node);
  copy->items[position] = replaced(node->items[position], target, depth + 1, findings);
  return copy;
}

NodePtr replaced(const NodePtr& node, const Target& target, std::size_t depth, Findings& findings) {
  if (depth == target.steps.size()) {
    return target.value;
  }
  const Step& step = target.steps[depth];
  if (node->is_list()) {
    return in_list(node, target, depth, findings);
  }
  if (step.name.starts_with(
          '$')) {  // a reference takes the place of what stands there, be it another one
    auto reference = std::make_shared<Node>();
    reference->type = Node::Type::Map;
    reference->mark = step.mark;
    const auto empty = std::make_shared<const Node>(make_scalar("", true, step.mark));
    reference->entries.push_back(
        {step.name, step.mark, replaced(empty, target, depth + 1, findings)});
    return reference;
  }
  if (!node->is_map() && node->type != Node::Type::Null) {
    add_error(findings, "MP1024", step.mark, "nothing can be set below " + describe(*node));
    return node;
  }
  auto copy = std::make_shared<Node>(*node);
  copy->type = Node::Type::Map;
  const auto entry = std::find_if(copy->entries.begin(), copy->entries.end(),
                                  [&](const Entry& one) { return one.key == step.name; });
  if (entry != copy->entries.end()) {
    entry->value = replaced(entry->value, target, depth + 1, findings);
    return copy;
  }
  const auto empty = std::make_shared<const Node>(make_scalar("", true, step.mark));
  copy->entries.push_back({step.name, step.mark, replaced(empty, target, depth + 1, findings)});
  return copy;
}

/// Nothing when the override is not PATH=VALUE. `line` is the override's own, from 0.
bool read_target(const std::string& text, std::size_t line, Target& target, Findings& findings) {
  const std::string_view all = text;
  const std::size_t equals = all.find('=');
  const std::string_view path = all.substr(0, equals);
  const auto mark = [&](std::size_t from, std::size_t length) {
    return Mark{kCommandLine, static_cast<int>(line) + 1,
                static_cast<int>(characters(all.substr(0, from))) + 1,
                static_cast<int>(std::max<std::size_t>(characters(all.substr(from, length)), 1))};
  };
  std::size_t from = 0;
  while (from <= path.size()) {
    const std::size_t end = std::min(path.find('.', from), path.size());
    target.steps.push_back({std::string(path.substr(from, end - from)), mark(from, end - from)});
    from = end + 1;
  }
  const bool unnamed = std::any_of(target.steps.begin(), target.steps.end(), [](const Step& step) {
    return step.name.empty() || step.name.size() > kMaxKey;
  });
  constexpr std::size_t kMostSteps = 16;
  if (equals == std::string_view::npos || unnamed || target.steps.size() > kMostSteps) {
    add_error(findings, "MP1024", mark(0, path.size()),
              "--set expects PATH=VALUE, as in run.memory=64MiB");
    return false;
  }
  // Blank lines and columns in front give every mark its place on the command line.
  const std::string value(all.substr(equals + 1));
  if (value.find_first_not_of(' ') == std::string::npos) {
    target.value = std::make_shared<const Node>(make_scalar("", true, mark(equals, 1)));
    return true;
  }
  target.value = parse_yaml(std::string(line, '\n') + std::string(equals + 1, ' ') + value,
                            kCommandLine, findings);
  return target.value != nullptr;
}

}  // namespace

NodePtr apply_overrides(NodePtr root, const std::vector<std::string>& overrides, Findings& findings,
                        Sources& sources) {
  std::string shown;
  for (std::size_t line = 0; line < overrides.size(); ++line) {
    std::string text = overrides[line];
    std::replace(text.begin(), text.end(), '\n', ' ');
    shown += text + "\n";
    Target target;
    if (read_target(text, line, target, findings)) {
      root = replaced(root, target, 0, findings);
    }
  }
  if (!overrides.empty()) {
    sources[kCommandLine] = shown;
  }
  return root;
}

}  // namespace mailpipe::config
