#include "plugin_check.hpp"

#include "config/lint.hpp"
#include "plugin/components.hpp"
#include "plugin/loader.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>
#include <mailpipe/testing/filter_checks.hpp>
#include <mailpipe/testing/sink_checks.hpp>
#include <mailpipe/testing/source_checks.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace mailpipe::app {

namespace {

using config::ComponentInfo;
using config::Kind;

/// A catalog of the one component that is looked at, and of a stand-in for what else a pipeline needs.
class OneComponent final : public config::Catalog {
 public:
  explicit OneComponent(const ComponentInfo& info) : info_(info) {}

  const ComponentInfo* find(Kind kind, std::string_view type) const override {
    return kind == info_.kind && type == info_.type ? &info_ : type == "none" ? &none_ : nullptr;
  }

  std::vector<std::string> types(Kind kind) const override {
    return kind == info_.kind ? std::vector{info_.type} : std::vector<std::string>();
  }

  std::optional<std::string> refused(Kind, std::string_view) const override { return {}; }

 private:
  const ComponentInfo& info_;
  ComponentInfo none_;
};

/// The component's options as a run would give them to it; or what is wrong with them.
struct Options {
  std::optional<config::ComponentSpec> spec;
  std::string wrong, hint;
};

bool has_option(const ComponentInfo& info, const char* name) {
  const auto schema = nlohmann::json::parse(info.schema, nullptr, false);
  return schema.is_object() && schema.contains("properties") && schema["properties"].is_object() &&
         schema["properties"].contains(name);
}

std::string pipeline_text(const ComponentInfo& info, const nlohmann::json& with) {
  const nlohmann::json subject{{"type", info.type}, {"with", with}};
  nlohmann::json out{{"version", 1},
                     {"name", "check"},
                     {"source", {{"type", "none"}, {"id", "from-none"}}},
                     {"sinks", {{{"type", "none"}, {"id", "to-none"}}}}};
  switch (info.kind) {
    case Kind::Source:
      out["source"] = subject;
      break;
    case Kind::Filter:
      out["filters"] = nlohmann::json::array({subject});
      break;
    case Kind::Sink:
      out["sinks"] = nlohmann::json::array({subject});
      break;
  }
  return out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// Reads options as a pipeline's are read: checked against the schema, units converted, defaults filled in.
Options read_options(const ComponentInfo& info, const std::string& given) {
  nlohmann::json with = nlohmann::json::parse(given.empty() ? "{}" : given, nullptr, false);
  if (!with.is_object()) {
    return {{}, "the options are no JSON object", ""};
  }
  if (info.kind == Kind::Sink && has_option(info, "path") && !with.contains("path")) {
    with["path"] = "/nowhere";  // each trial gets a folder of its own
  }
  const OneComponent catalog(info);
  const config::LintResult read =
      config::load_pipeline_text(pipeline_text(info, with), "/plugin-check.yaml", catalog);
  if (read.pipeline() == nullptr) {
    const auto error =
        std::find_if(read.diagnostics.begin(), read.diagnostics.end(),
                     [](const auto& one) { return one.severity == config::Severity::Error; });
    if (error == read.diagnostics.end()) {
      return {{}, "they are refused", ""};
    }
    const std::string label = error->label.empty() ? "" : " (" + error->label + ")";
    return {{},
            error->code + ": " + error->message + label,
            given.empty() ? "give options with --with " + info.type + "='{...}'" : error->help};
  }
  switch (info.kind) {
    case Kind::Source:
      return {read.pipeline()->source, {}, {}};
    case Kind::Filter:
      return {read.pipeline()->filters.at(0), {}, {}};
    case Kind::Sink:
      break;
  }
  return {static_cast<config::ComponentSpec>(read.pipeline()->sinks.at(0)), {}, {}};
}

Outcome failed(const std::string& what, const std::string& hint = {}) {
  return {Outcome::Kind::Failed, what, hint};
}

/// A check of mailpipe::testing, with all that it may throw.
template <class Case>
Outcome outcome_of(const test::Check<Case>& check, const Case& of) {
  try {
    check.run(of);
    return {};
  } catch (const test::Broken& broken) {
    return failed(broken.what(), broken.hint());
  } catch (const test::NotApplicable& why) {
    return {Outcome::Kind::Skipped, why.what(), {}};
  } catch (const Error& error) {
    return failed(error.what(), error.hint());
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

void give_secrets(const config::ComponentSpec& spec, test::TestHost& host) {
  for (const config::SecretReference& reference : spec.secrets) {
    host.secrets[reference.pointer] = std::string(reference.resolve().reveal());
  }
}

/// An option that is replaced, in canonical options.
std::string with_path(const std::string& options, const std::filesystem::path& path) {
  nlohmann::json json = nlohmann::json::parse(options);
  json["path"] = path.string();
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

test::SourceCase source_case(const plugin::Candidate& from, const config::ComponentSpec& spec) {
  return {
      .name = spec.type,
      .make = [&from, spec](
                  Host& host) { return plugin::make_source(from, spec.type, spec.options, host); },
      .prepare = [spec](test::TestHost& host) { give_secrets(spec, host); }};
}

test::AnyFilterCase filter_case(const plugin::Candidate& from, const config::ComponentSpec& spec) {
  return {
      .name = spec.type,
      .make = [&from, spec](
                  Host& host) { return plugin::make_filter(from, spec.type, spec.options, host); },
      .messages = test::odd_messages(),
      .prepare = [spec](test::TestHost& host) { give_secrets(spec, host); }};
}

test::AnySinkCase sink_case(const plugin::Candidate& from, const config::ComponentSpec& spec,
                            const ComponentInfo& info) {
  return {.name = spec.type,
          .make =
              [&from, spec](Host& host, const std::filesystem::path& root) {
                return plugin::make_sink(from, spec.type, with_path(spec.options, root), host);
              },
          .capabilities = info.capabilities};
}

class TrialList {
 public:
  explicit TrialList(const plugin::Candidate& candidate) : candidate_(candidate) {}

  void add(const ComponentInfo& info, const std::string& given) {
    const std::string subject = std::string(config::name_of(info.kind)) + " " + info.type;
    const Options options = read_options(info, given);
    // An option that only the user knows (a host, a token) is no fault of the plugin.
    const bool asks = given.empty() && options.wrong.starts_with("MP1009");
    all.push_back({subject, "has a schema, and options that fit it", [options, asks]() -> Outcome {
                     if (options.spec) {
                       return {};
                     }
                     return asks ? Outcome{Outcome::Kind::Skipped,
                                           options.wrong + "; " + options.hint, ""}
                                 : failed(options.wrong, options.hint);
                   }});
    if (!options.spec) {
      return;
    }
    const config::ComponentSpec& spec = *options.spec;
    switch (info.kind) {
      case Kind::Source:
        return add(subject, test::checks_of_sources(), source_case(candidate_, spec));
      case Kind::Filter:
        return add(subject, test::checks_of_filters(), filter_case(candidate_, spec));
      case Kind::Sink:
        break;
    }
    if (has_option(info, "path")) {
      return add(subject, test::checks_of_sinks(), sink_case(candidate_, spec, info));
    }
    all.push_back({subject, "stores and recovers", [] {
                     return Outcome{Outcome::Kind::Skipped,
                                    "it has no option 'path' that could name a temporary folder",
                                    ""};
                   }});
  }

  std::vector<Trial> all;

 private:
  template <class Case>
  void add(const std::string& subject, const std::vector<test::Check<Case>>& checks,
           const Case& of) {
    for (const test::Check<Case>& check : checks) {
      all.push_back(
          {subject, test::sentence_of(check.name), [check, of] { return outcome_of(check, of); }});
    }
  }

  const plugin::Candidate& candidate_;
};

Outcome load_outcome(const plugin::Candidate& candidate) {
  try {
    plugin::load(candidate);
    return {};
  } catch (const plugin::Refused& why) {
    return failed(std::string(why.code()) + ": " + why.what(), why.hint());
  }
}

}  // namespace

std::vector<Trial> trials_of(const plugin::Candidate& candidate,
                             const std::map<std::string, std::string>& with) {
  const std::vector<ComponentInfo>& components = candidate.manifest->components;
  for (const auto& [type, options] : with) {
    const bool known = std::any_of(components.begin(), components.end(),
                                   [&name = type](const auto& one) { return one.type == name; });
    if (!known) {
      throw Error(ErrorClass::Config,
                  "the plugin has no component of the type '" + printable(type, 60) + "'");
    }
  }
  TrialList list(candidate);
  list.all.push_back({"library", "loads, and its tables are those of the manifest",
                      [&candidate] { return load_outcome(candidate); }});
  for (const ComponentInfo& info : components) {
    const auto given = with.find(info.type);
    list.add(info, given == with.end() ? std::string() : given->second);
  }
  return std::move(list.all);
}

}  // namespace mailpipe::app
