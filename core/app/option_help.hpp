#pragma once

#include "config/catalog.hpp"

#include <string>

namespace mailpipe::app {

/// What a manifest says of a component, for people: its options with form, default, meaning and
/// example, and a piece of YAML to begin with.
std::string describe(const config::ComponentInfo& info);

/// The same of the engine's own keys.
std::string describe_engine();

}  // namespace mailpipe::app
