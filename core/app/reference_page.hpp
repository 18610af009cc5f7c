#pragma once

#include "config/catalog.hpp"

#include <string>

namespace mailpipe::app {

/// A page of Markdown on a component, from its manifest alone.
std::string reference_page(const config::ComponentInfo& info);

/// The same on the engine's own keys in a pipeline file.
std::string engine_page();

}  // namespace mailpipe::app
