#pragma once

#include "run/report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace mailpipe::app {

/// The outcome of several runs, for people: a line each, why it failed, and the total.
std::string total_table(const std::vector<run::RunReport>& reports);

/// The same in JSON: {"runs", "failed_runs", "counts", "bytes", "held", "quarantined"}.
nlohmann::json total_json(const std::vector<run::RunReport>& reports);

/// Of several runs, the first in the order of run/exit_code.hpp.
int worst_of(const std::vector<run::RunReport>& reports);

}  // namespace mailpipe::app
