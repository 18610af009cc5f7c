#include "config/schema_check.hpp"

#include "config/node_json.hpp"
#include "config/schema_judge.hpp"
#include "config/schema_walk.hpp"

#include <cstdlib>
#include <utility>

namespace mailpipe::config {
namespace {

/// Where the value at `path` stands, or the nearest mapping or list around it that the user wrote.
Mark find_mark(const Node& root, const OptionPath& path, const Mark& where) {
  Mark mark = where;
  const Node* at = &root;
  for (const std::string& step : path) {
    if (at->is_list()) {
      const std::size_t position = std::strtoul(step.c_str(), nullptr, 10);
      if (position >= at->items.size()) break;
      at = at->items[position].get();
      mark = at->mark;
      continue;
    }
    const Entry* entry = at->find(step);
    if (entry == nullptr) break;
    mark = entry->mark;
    at = entry->value.get();
  }
  return mark;
}

/// What a secret looks like in the text that is fingerprinted: where it comes from, never what it is.
nlohmann::json written_secret(const SecretReference& secret) {
  switch (secret.from) {
    case SecretReference::From::Literal:
      return {{"$literal", true}};
    case SecretReference::From::Env:
      return {{"$env", secret.name}};
    case SecretReference::From::File:
      return {{"$file", secret.name}};
    case SecretReference::From::Command:
      break;
  }
  return {{"$command", secret.argv}};
}

}  // namespace

Checked check_mapping(const Node& node, const nlohmann::json& schema, const CheckScope& scope,
                      const Mark& where, Findings& findings, Sources& sources) {
  Checked checked;
  const std::size_t before = count(findings, Severity::Error);
  SchemaWalk walk(scope, schema, findings, sources);
  checked.value = walk.check(node, schema, {}, where);
  checked.secrets = walk.take_secrets();
  if (count(findings, Severity::Error) != before) {
    return checked;
  }
  const Judgement judgement = judge(checked.value, schema);
  const std::string owner = scope.owner.empty() ? "the pipeline" : scope.owner;
  for (const auto& [path, text] : judgement.errors) {
    if (judgement.schema_broken) {
      add_error(
          findings, "MP1104", where,
          std::string("the schema of ").append(owner).append(" cannot be used: ").append(text));
    } else {
      std::string subject = owner;
      if (!path.empty()) {
        subject = std::string("'").append(display_of(path)).append("' of ").append(owner);
      }
      add_error(findings, "MP1015", find_mark(node, path, where),
                subject.append(" does not fit its schema: ").append(text));
    }
  }
  checked.valid = judgement.errors.empty();
  checked.written = to_json(node);
  for (const SecretReference& secret : checked.secrets) {
    checked.written[nlohmann::json::json_pointer(secret.pointer)] = written_secret(secret);
  }
  return checked;
}

}  // namespace mailpipe::config
