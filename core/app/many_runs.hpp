#pragma once

#include "pipeline_run.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::app {

/// One pipeline of a `run`.
struct Job {
  std::optional<config::Pipeline> pipeline;
  run::RunReport report;  ///< without a pipeline: why there is none
  bool told = false;      ///< the user has read why already
};

/// The pipelines that a file brings; one that cannot be used leaves the others alone. A file that brings none is a job,
/// too: it failed.
std::vector<Job> jobs_of(const std::filesystem::path& file, config::LintResult result);

/// Makes failures of those that would get into the way of one before them: one ledger, or one sink's path. Within a
/// file lint says so.
void keep_apart(std::vector<Job>& jobs, const RunOptions& options);

/// Runs them in their order, `at_once` at a time, each with threads of its own. The first signal drains all, and what has
/// not begun does not begin. `ended` is called for each, one at a time.
void run_jobs(std::vector<Job>& jobs, const plugin::Catalog& catalog, const RunOptions& options,
              std::size_t at_once, const Log& log, const std::function<void(const Job&)>& ended);

}  // namespace mailpipe::app
