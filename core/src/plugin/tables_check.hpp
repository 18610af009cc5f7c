#pragma once

#include "manifest.hpp"

#include <mailpipe/plugin.h>

namespace mailpipe::plugin {

/// Checks the tables of a loaded plugin: sizes, slots, and that its components are those of the
/// manifest.
/// Errors  Refused(kTablesDiffer), naming the component and the slot.
void check_tables(const Manifest& manifest, const mp_plugin& plugin);

/// Errors  Refused(kTablesDiffer) if there is none.
const mp_component& find_component(const mp_plugin& plugin, config::Kind kind,
                                   std::string_view type);

}  // namespace mailpipe::plugin
