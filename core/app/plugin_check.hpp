#pragma once

#include "config/pipeline.hpp"
#include "isolated.hpp"
#include "plugin/catalog.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mailpipe::app {

/// One thing that is asked of a plugin.
struct Trial {
  std::string subject;  ///< "sink mailbox"
  std::string promise;  ///< "reads back what it stored"
  std::function<Outcome()> run;
};

/// What to ask of the components of a plugin whose file was found good. `with` gives options by type, as JSON.
///
/// The trials load the plugin and run its code, so each wants a process of its own (isolated()). They are the checks of
/// mailpipe::testing, through the boundary.
/// Errors  Error(Config) where `with` names no component of the plugin.
std::vector<Trial> trials_of(const plugin::Candidate& candidate,
                             const std::map<std::string, std::string>& with);

}  // namespace mailpipe::app
