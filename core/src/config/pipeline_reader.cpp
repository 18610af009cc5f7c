#include "config/pipeline_reader.hpp"

#include "config/component_reader.hpp"
#include "config/engine_schema.hpp"
#include "config/schema_check.hpp"
#include "config/tests_reader.hpp"

#include <nlohmann/json.hpp>

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

std::vector<std::string> sink_ids(const Pipeline& pipeline) {
  std::vector<std::string> ids;
  for (const SinkSpec& sink : pipeline.sinks) {
    ids.push_back(sink.id);
  }
  return ids;
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

}  // namespace

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
    if (const Entry* tests = root.find("tests")) {
      pipeline.tests =
          read_tests(*tests->value, frame.value["tests"], sink_ids(pipeline), findings);
    }
    if (frame.value.contains("state") && frame.value["state"].contains("dir")) {
      pipeline.state_dir = frame.value["state"]["dir"].get<std::string>();
    }
  }
  return pipeline;
}

}  // namespace mailpipe::config
