#pragma once

#include "arguments.hpp"
#include "config/lint.hpp"
#include "log.hpp"
#include "plugin/catalog.hpp"
#include "progress_view.hpp"
#include "run/runner.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::app {

/// What `run`, `check` and `state rebuild` take alike.
struct RunOptions {
  std::vector<std::string> overrides;
  std::string state_dir;  ///< --state, or empty
  ProgressView::When progress = ProgressView::When::Auto;
  run::Mode mode = run::Mode::Run;
  std::uint64_t allow_delete = 0;  ///< --allow-delete
};

/// Reads a pipeline file; prints what is wrong with it on standard error. Nothing if it cannot be
/// used: `exit_code` says why.
std::optional<config::Pipeline> read_pipeline(const std::filesystem::path& file,
                                              const plugin::Catalog& catalog,
                                              const std::vector<std::string>& overrides,
                                              int& exit_code, const Log* log = nullptr);

/// Runs one pipeline. What fails before the engine begins is in the report, too.
run::RunReport run_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                            const RunOptions& options, run::Cancellation& cancellation,
                            const Log& log);

/// Logs in and opens the destinations for reading, and prints how each part is.
int check_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                   run::Cancellation& cancellation, const Log& log);

/// Makes the parts of a pipeline for something that is no run. Errors pass through.
using PartsUser = std::function<int(run::Runner&, const run::Setup&, const run::Components&)>;
int with_parts(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
               const RunOptions& options, run::Cancellation& cancellation, const Log& log,
               const PartsUser& use);

/// Prints a report for people, or as a log line.
void print_report(const run::RunReport& report, const Log& log);

/// The options of logging and progress, which several commands take.
void add_log_options(OptionTable& options);
Log make_log(const Arguments& arguments);

}  // namespace mailpipe::app
