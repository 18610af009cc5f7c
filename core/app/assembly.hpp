#pragma once

#include "config/pipeline.hpp"
#include "plugin/catalog.hpp"
#include "run/components.hpp"
#include "run/runner.hpp"
#include "secrets.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mailpipe::app {

/// Gives each component its Host, by the name that Runner::host() documents.
using Hosts = std::function<Host&(const std::string& component)>;

/// Loads the plugins of a pipeline and makes its components.
/// Errors  plugin::Refused; Error when a component refuses its options.
run::Components assemble(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                         const Hosts& hosts);

/// The filters of a pipeline alone, or those of one of its sinks.
std::vector<run::FilterPart> assemble_filters(const config::Pipeline& pipeline,
                                              const plugin::Catalog& catalog, const Hosts& hosts);
std::vector<run::FilterPart> assemble_filters(const config::SinkSpec& sink,
                                              const plugin::Catalog& catalog, const Hosts& hosts);

/// All secrets of a pipeline, under the names of its components.
void collect_secrets(const config::Pipeline& pipeline, Secrets& secrets);

/// What changes when somebody changes an option that decides which messages are taken.
std::string fingerprint(const config::Pipeline& pipeline);

run::Settings settings_of(const config::RunSpec& spec, std::uint64_t allow_delete);

/// --state, or what the pipeline says, or $XDG_STATE_HOME/mailpipe/NAME, or
/// ~/.local/state/mailpipe/NAME.
std::filesystem::path state_dir_of(const config::Pipeline& pipeline, const std::string& option);

/// What a destination is called: its path, for every sink that has one.
std::string root_of(const config::SinkSpec& spec);

/// "source jmap", "sink eml": a component for people, from its name in Runner::host().
std::string title_of(const config::Pipeline& pipeline, const std::string& component);

}  // namespace mailpipe::app
