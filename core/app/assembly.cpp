#include "assembly.hpp"

#include "config/component_reader.hpp"
#include "plugin/components.hpp"

#include <mailpipe/error.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace mailpipe::app {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const plugin::Candidate& provider_of(const plugin::Catalog& catalog,
                                     const config::ComponentSpec& spec) {
  const plugin::Candidate* found = catalog.provider(spec.kind, spec.type);
  if (found == nullptr) {
    throw plugin::Refused(
        plugin::kLoadFailed,
        "no plugin has the " + std::string(config::name_of(spec.kind)) + " '" + spec.type + "'");
  }
  return *found;
}

/// Says which plugin cannot be loaded, and where the pipeline asks for it.
template <class Make>
auto made_by(const plugin::Catalog& catalog, const config::ComponentSpec& spec, const Make& make) {
  const plugin::Candidate& candidate = provider_of(catalog, spec);
  try {
    return make(candidate);
  } catch (const plugin::Refused& why) {
    throw plugin::Refused(why.code(),
                          "plugin '" + candidate.tag->id + "' " + candidate.tag->version + " (" +
                              candidate.path.string() + ") cannot be loaded: " + why.what(),
                          why.hint());
  }
}

std::string filter_name(const std::string& prefix, const config::ComponentSpec& spec) {
  return prefix + "filter:" + spec.id;
}

std::vector<run::FilterPart> make_filters(const std::vector<config::ComponentSpec>& specs,
                                          const std::string& prefix, const plugin::Catalog& catalog,
                                          const Hosts& hosts) {
  std::vector<run::FilterPart> out;
  for (const config::ComponentSpec& spec : specs) {
    run::FilterPart part;
    part.id = spec.id;
    part.filter = made_by(catalog, spec, [&](const plugin::Candidate& from) {
      return plugin::make_filter(from, spec.type, spec.options, hosts(filter_name(prefix, spec)));
    });
    const auto& can = catalog.find(config::Kind::Filter, spec.type)->capabilities;
    part.places = can.count("places") != 0;
    part.owners = can.count("owners") != 0 ? spec.type + " " + spec.written : "";
    out.push_back(std::move(part));
  }
  return out;
}

run::SinkCapabilities capabilities_of(const config::ComponentInfo& info) {
  const auto can = [&](const char* what) { return info.capabilities.count(what) != 0; };
  return {.link = can("link"),
          .update = can("update"),
          .remove = can("remove"),
          .mailboxes = can("mailboxes"),
          .read = can("read"),
          .scan = can("scan"),
          .ordered = can("ordered"),
          .places = can("places"),
          .metadata = can("metadata")};
}

run::OnRemove to_run(config::OnRemove what) {
  switch (what) {
    case config::OnRemove::Keep:
      return run::OnRemove::Keep;
    case config::OnRemove::Trash:
      return run::OnRemove::Trash;
    case config::OnRemove::Delete:
      return run::OnRemove::Delete;
  }
  return run::OnRemove::Keep;
}

run::SinkPart make_sink_part(const config::SinkSpec& spec, const plugin::Catalog& catalog,
                             const Hosts& hosts) {
  const std::string name = "sink:" + spec.id;
  run::SinkPart part;
  part.id = spec.id;
  part.sink = made_by(catalog, spec, [&](const plugin::Candidate& from) {
    return plugin::make_sink(from, spec.type, spec.options, hosts(name));
  });
  part.can = capabilities_of(*catalog.find(config::Kind::Sink, spec.type));
  part.required = spec.required;
  part.on_remove = to_run(spec.on_remove);
  part.filters = make_filters(spec.filters, name + "/", catalog, hosts);
  part.root = root_of(spec);
  part.options = spec.written;
  return part;
}

Json written_of(const config::ComponentSpec& spec) {
  return Json::array({spec.type, spec.id, Json::parse(spec.written, nullptr, false)});
}

}  // namespace

run::Components assemble(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                         const Hosts& hosts) {
  run::Components out;
  out.source_id = pipeline.source.id;
  out.source = made_by(catalog, pipeline.source, [&](const plugin::Candidate& from) {
    return plugin::make_source(from, pipeline.source.type, pipeline.source.options,
                               hosts("source"));
  });
  out.filters = make_filters(pipeline.filters, "", catalog, hosts);
  for (const config::SinkSpec& spec : pipeline.sinks) {
    out.sinks.push_back(make_sink_part(spec, catalog, hosts));
  }
  return out;
}

std::vector<run::FilterPart> assemble_filters(const config::Pipeline& pipeline,
                                              const plugin::Catalog& catalog, const Hosts& hosts) {
  return make_filters(pipeline.filters, "", catalog, hosts);
}

std::vector<run::FilterPart> assemble_filters(const config::SinkSpec& sink,
                                              const plugin::Catalog& catalog, const Hosts& hosts) {
  return make_filters(sink.filters, "sink:" + sink.id + "/", catalog, hosts);
}

std::string root_of(const config::SinkSpec& spec) {
  return path_of(spec).value_or(spec.type + ":" + spec.id);
}

void collect_secrets(const config::Pipeline& pipeline, Secrets& secrets) {
  secrets.add("source", pipeline.source);
  for (const config::ComponentSpec& filter : pipeline.filters) {
    secrets.add(filter_name("", filter), filter);
  }
  for (const config::SinkSpec& sink : pipeline.sinks) {
    secrets.add("sink:" + sink.id, sink);
    for (const config::ComponentSpec& filter : sink.filters) {
      secrets.add(filter_name("sink:" + sink.id + "/", filter), filter);
    }
  }
}

std::string fingerprint(const config::Pipeline& pipeline) {
  Json out{{"source", written_of(pipeline.source)},
           {"filters", Json::array()},
           {"sinks", Json::object()}};
  for (const config::ComponentSpec& filter : pipeline.filters) {
    out["filters"].push_back(written_of(filter));
  }
  for (const config::SinkSpec& sink : pipeline.sinks) {
    for (const config::ComponentSpec& filter : sink.filters) {
      out["sinks"][sink.id].push_back(written_of(filter));
    }
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

run::Settings settings_of(const config::RunSpec& spec, std::uint64_t allow_delete) {
  run::Settings out;
  out.batch_messages = spec.batch.messages;
  out.batch_bytes = spec.batch.bytes;
  out.batch_interval = spec.batch.interval;
  out.retry_budget = spec.retry.budget;
  out.max_backoff = spec.retry.max_backoff;
  out.memory = spec.memory;
  out.quarantine_max = spec.quarantine.max;
  out.guard_fraction = spec.guard.max_remove_fraction;
  out.guard_count = spec.guard.max_remove_count;
  out.allow_delete = allow_delete;
  out.grace = spec.grace;
  return out;
}

fs::path state_dir_of(const config::Pipeline& pipeline, const std::string& option) {
  if (!option.empty()) {
    return fs::absolute(option).lexically_normal();
  }
  if (pipeline.state_dir) {
    return *pipeline.state_dir;
  }
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && fs::path(state).is_absolute()) {
    return fs::path(state) / "mailpipe" / pipeline.name;
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || !fs::path(home).is_absolute()) {
    throw Error(ErrorClass::Config, "there is no place for the state: HOME is not set",
                "give one with --state DIR");
  }
  return fs::path(home) / ".local/state/mailpipe" / pipeline.name;
}

std::string title_of(const config::Pipeline& pipeline, const std::string& component) {
  if (component == "source") {
    return "source " + pipeline.source.id;
  }
  std::string out = component;
  for (char& c : out) {
    c = c == ':' ? ' ' : c;
  }
  return out;
}

}  // namespace mailpipe::app
