#pragma once

#include "catalog.hpp"

#include <mailpipe/filter.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/sink.hpp>
#include <mailpipe/source.hpp>

#include <memory>
#include <string_view>

namespace mailpipe::plugin {

// Load the plugin of a type if it is not yet, and make one component of it. `options` is canonical
// JSON (config::ComponentSpec::options). The Host outlives the component.
// Errors  Refused when the plugin cannot be loaded; Error when it refuses its options.

std::shared_ptr<Source> make_source(const Candidate& candidate, std::string_view type,
                                    std::string_view options, Host& host);
std::shared_ptr<Filter> make_filter(const Candidate& candidate, std::string_view type,
                                    std::string_view options, Host& host);
std::shared_ptr<Sink> make_sink(const Candidate& candidate, std::string_view type,
                                std::string_view options, Host& host);

}  // namespace mailpipe::plugin
