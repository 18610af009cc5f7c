#include "config/lint.hpp"

#include "config/component_reader.hpp"
#include "config/engine_schema.hpp"
#include "config/likely_secrets.hpp"
#include "config/overrides.hpp"
#include "config/schema_check.hpp"
#include "config/variables.hpp"
#include "config/yaml_document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace mailpipe::config {
namespace {

std::chrono::seconds seconds_of(const nlohmann::json& value) {
  return std::chrono::seconds(value.get<std::int64_t>());
}

RunSpec read_run(const nlohmann::json& run) {
  RunSpec spec;
  spec.batch.messages = run["batch"]["messages"].get<std::uint64_t>();
  spec.batch.bytes = run["batch"]["bytes"].get<std::uint64_t>();
  spec.batch.interval = seconds_of(run["batch"]["interval"]);
  spec.retry.budget = seconds_of(run["retry"]["budget"]);
  spec.retry.max_backoff = seconds_of(run["retry"]["max_backoff"]);
  spec.memory = run["memory"].get<std::uint64_t>();
  spec.quarantine.max = run["quarantine"]["max"].get<std::uint64_t>();
  spec.guard.max_remove_fraction = run["guard"]["max_remove_fraction"].get<double>();
  spec.guard.max_remove_count = run["guard"]["max_remove_count"].get<std::uint64_t>();
  spec.grace = seconds_of(run["grace"]);
  return spec;
}

/// Keys that a later version will read: said once, and out of the way of other checks.
NodePtr without_later_keys(const NodePtr& root, Findings& findings) {
  constexpr std::array<std::string_view, 3> kLater{"matrix", "tests", "include"};
  auto copy = std::make_shared<Node>(*root);
  const auto later = [&](const Entry& entry) {
    if (std::find(kLater.begin(), kLater.end(), entry.key) == kLater.end()) {
      return false;
    }
    add_error(findings, "MP1020", entry.mark,
              "'" + entry.key + "' is not supported by this version");
    return true;
  };
  copy->entries.erase(std::remove_if(copy->entries.begin(), copy->entries.end(), later),
                      copy->entries.end());
  return copy;
}

void check_version(const Node& root, Findings& findings) {
  const Entry* version = root.find("version");
  if (version == nullptr) {
    add_error(findings, "MP1021", root.mark, "'version: 1' is missing",
              {{}, "it tells later versions of mailpipe how to read this file"});
  } else if (version->value->type != Node::Type::Integer || version->value->integer != 1) {
    add_error(findings, "MP1021", version->value->mark,
              "version " + describe(*version->value) +
                  " is not one that this mailpipe reads; it reads version 1");
  }
}

void check_name(const Node& root, Findings& findings) {
  const Entry* name = root.find("name");
  if (name != nullptr && name->value->type == Node::Type::String && !is_name(name->value->text)) {
    add_error(findings, "MP1022", name->value->mark,
              "the name " + describe(*name->value) + " has characters that a name cannot have",
              {{}, "use a-z, 0-9, - and _, at most 64 of them"});
  }
}

/// Everything but parsing; the pipeline is usable only if no error was added.
Pipeline read_pipeline(const Node& root, const std::filesystem::path& file, const Catalog& catalog,
                       Findings& findings, Sources& sources) {
  Pipeline pipeline;
  pipeline.file = std::filesystem::absolute(file).lexically_normal();
  check_version(root, findings);
  check_name(root, findings);
  CheckScope scope;
  scope.noun = "key";
  scope.folder = pipeline.file.parent_path();
  scope.elsewhere = property_names(frame_schema()["properties"]["run"]);
  scope.elsewhere_code = "MP1004";
  scope.elsewhere_message = "belongs under 'run:'";
  const Checked frame = check_mapping(root, frame_schema(), scope, root.mark, findings, sources);

  ComponentReader reader(catalog, scope.folder, findings, sources);
  if (const Entry* source = root.find("source")) {
    pipeline.source = reader.read_source(*source);
  }
  if (const Entry* filters = root.find("filters")) {
    pipeline.filters = reader.read_filters(*filters);
  }
  if (const Entry* sinks = root.find("sinks")) {
    pipeline.sinks = reader.read_sinks(*sinks);
  } else {
    add_error(findings, "MP1202", root.mark,
              "a pipeline needs the key 'sinks' with at least one sink");
  }
  if (frame.valid) {
    pipeline.name = frame.value["name"].get<std::string>();
    pipeline.run = read_run(frame.value["run"]);
    if (frame.value.contains("state") && frame.value["state"].contains("dir")) {
      pipeline.state_dir = frame.value["state"]["dir"].get<std::string>();
    }
  }
  ComponentReader::hide_variables(pipeline);
  return pipeline;
}

void check_all(std::string_view text, const std::filesystem::path& file, const Catalog& catalog,
               const std::vector<std::string>& overrides, LintResult& result) {
  Findings& findings = result.diagnostics;
  NodePtr root = parse_yaml(text, file.string(), findings);
  if (root == nullptr) {
    return;
  }
  if (!root->is_map()) {
    add_error(findings, "MP1010", root->mark,
              "a pipeline is a mapping that starts with 'version: 1', got " + describe(*root));
    return;
  }
  root = apply_overrides(root, overrides, findings, result.sources);
  root = replace_variables(without_later_keys(root, findings), findings);
  Pipeline pipeline = read_pipeline(*root, file, catalog, findings, result.sources);
  if (count(findings, Severity::Error) == 0) {
    result.pipeline = std::move(pipeline);
  }
}

void finish(Strictness strictness, LintResult& result) {
  if (strictness == Strictness::Strict && !result.diagnostics.empty()) {
    for (Diagnostic& diagnostic : result.diagnostics) {
      diagnostic.severity = Severity::Error;
    }
    result.pipeline.reset();
  }
  sort_by_position(result.diagnostics);
  mask_likely_secrets(result.sources);
}

}  // namespace

int LintResult::exit_code() const {
  bool refused = false;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != Severity::Error) {
      continue;
    }
    if (diagnostic.code != "MP1103" && diagnostic.code != "MP1104") {
      return 2;
    }
    refused = true;
  }
  return refused ? 5 : 0;
}

LintResult load_pipeline_text(std::string_view text, const std::filesystem::path& name,
                              const Catalog& catalog, const LintOptions& options) {
  LintResult result;
  result.sources[name.string()] = text;
  check_all(text, name, catalog, options.overrides, result);
  finish(options.strictness, result);
  return result;
}

LintResult load_pipeline(const std::filesystem::path& path, const Catalog& catalog,
                         const LintOptions& options) {
  LintResult result;
  result.sources[path.string()];
  if (const auto text = read_source(path, result.diagnostics)) {
    result.sources[path.string()] = *text;
    check_all(*text, path, catalog, options.overrides, result);
  }
  finish(options.strictness, result);
  return result;
}

}  // namespace mailpipe::config
