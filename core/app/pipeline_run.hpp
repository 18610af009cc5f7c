#pragma once

#include "pipeline_file.hpp"
#include "progress_view.hpp"
#include "run/runner.hpp"

#include <functional>
#include <string>

namespace mailpipe::app {

/// What `run`, `check` and `state rebuild` take alike.
struct RunOptions {
  std::string state_dir;  ///< --state, or empty
  ProgressView::When progress = ProgressView::When::Auto;
  run::Mode mode = run::Mode::Run;
  std::uint64_t allow_delete = 0;  ///< --allow-delete

  /// Set when several pipelines are worked on: lines say whose they are, and how far all are is
  /// shown together.
  ProgressBoard* board = nullptr;
  bool named = false;
};

/// Runs one pipeline. What fails before the engine begins is in the report, too.
/// Threads  Several runs at once, each with a Cancellation of its own: a run that fails raises it.
run::RunReport run_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                            const RunOptions& options, run::Cancellation& cancellation,
                            const Log& log);

/// Logs in and opens the destinations for reading, and prints how each part is.
int check_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                   const RunOptions& options, run::Cancellation& cancellation, const Log& log);

/// Makes the parts of a pipeline for something that is no run. Errors pass through.
using PartsUser = std::function<int(run::Runner&, const run::Setup&, const run::Components&)>;
int with_parts(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
               const RunOptions& options, run::Cancellation& cancellation, const Log& log,
               const PartsUser& use);

/// Prints a report for people, or as a log line. `named`: errors say whose they are.
void print_report(const run::RunReport& report, const Log& log, bool named = false);

/// The options of logging and progress, which several commands take.
void add_log_options(OptionTable& options);
Log make_log(const Arguments& arguments);

}  // namespace mailpipe::app
