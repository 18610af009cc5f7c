#pragma once

#include "run/report.hpp"

#include <string>

namespace mailpipe::app {

/// The outcome of a run for people: a line a thing, one line when there was nothing new. Errors are
/// not in it.
std::string summary(const run::RunReport& report);

/// Its errors: one line each, with `= help:`. `named`: each says whose it is.
std::string error_lines(const run::RunReport& report, bool named = false);

}  // namespace mailpipe::app
