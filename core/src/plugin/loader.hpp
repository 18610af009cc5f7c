#pragma once

#include "catalog.hpp"

#include <mailpipe/plugin.h>

namespace mailpipe::plugin {

/// Loads the library of a candidate and checks that it holds what its manifest announces; at most
/// once a file, and never unloads it: threads, thread-local objects and strings of its code may
/// outlive any moment that we could choose.
///
/// Threads  The thread that loads and creates, never two at once.
/// Errors   Refused, the candidate's own reason first. Static constructors of the library run only
///          after every check that needs the file alone.
const mp_plugin& load(const Candidate& candidate);

/// The component of a loaded plugin.
/// Errors  Refused(kTablesDiffer) if it is missing although the manifest has it.
const mp_component& component_of(const Candidate& candidate, config::Kind kind,
                                 std::string_view type);

}  // namespace mailpipe::plugin
