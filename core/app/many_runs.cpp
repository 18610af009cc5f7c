#include "many_runs.hpp"

#include "assembly.hpp"
#include "config/component_reader.hpp"
#include "process.hpp"
#include "run/cancellation.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace mailpipe::app {

namespace {

run::RunReport failure(const std::string& name, const Error& error, int code) {
  run::RunReport report;
  report.pipeline = name;
  report.exit_code = code;
  report.errors.push_back({error.error_class(), error.what(), error.hint(), "", error.details()});
  return report;
}

Error has_errors(const std::string& what) {
  return {ErrorClass::Config, what, "mailpipe lint"};
}

/// What is taken, and by whom.
class Taken {
 public:
  void claim(const std::string& place, const std::string& what, const config::Pipeline& who) {
    const auto [first, added] = owners_.emplace(what + place, &who);
    if (!added && first->second != &who) {
      throw Error(ErrorClass::Config,
                  "'" + first->second->name + "' already keeps " + what + " in '" + place + "'",
                  "give every pipeline a name, and every sink a path of its own");
    }
  }

 private:
  std::map<std::string, const config::Pipeline*> owners_;
};

/// The jobs, their cancellations and how far they are, for the threads that work on them.
class Crew {
 public:
  Crew(std::vector<Job>& jobs, const std::function<void(const Job&)>& ended)
      : jobs_(jobs),
        ended_(ended) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      cancellations_.push_back(std::make_unique<run::Cancellation>());
    }
  }

  std::vector<run::Cancellation*> cancellations() const {
    std::vector<run::Cancellation*> out;
    for (const auto& one : cancellations_) {
      out.push_back(one.get());
    }
    return out;
  }

  /// Works on the next job until there is none.
  void work(const plugin::Catalog& catalog, const RunOptions& options, const Log& log) {
    for (std::size_t i = 0; (i = next_++) < jobs_.size();) {
      Job& job = jobs_[i];
      if (job.pipeline) {
        job.report = report_of(*job.pipeline, *cancellations_[i], catalog, options, log);
      }
      const std::lock_guard lock(mutex_);
      ended_(job);
    }
  }

 private:
  static run::RunReport report_of(const config::Pipeline& pipeline, run::Cancellation& cancellation,
                                  const plugin::Catalog& catalog, const RunOptions& options,
                                  const Log& log) {
    if (const int signal = cancellation.signal(); signal != 0) {
      return failure(
          pipeline.name,
          {ErrorClass::Cancelled, "not begun: a signal came before", "the next run does it"},
          128 + signal);
    }
    try {
      return run_pipeline(pipeline, catalog, options, cancellation, log);
    } catch (const std::exception& why) {
      return failure(pipeline.name,
                     {ErrorClass::Internal, std::string("unexpected: ") + why.what(),
                      "this is a bug in mailpipe"},
                     run::kFailure);
    }
  }

  std::vector<Job>& jobs_;
  const std::function<void(const Job&)>& ended_;
  std::vector<std::unique_ptr<run::Cancellation>> cancellations_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
};

}  // namespace

std::vector<Job> jobs_of(const std::filesystem::path& file, config::LintResult result) {
  std::vector<Job> jobs;
  if (result.pipeline() == nullptr) {
    jobs.push_back(
        {std::nullopt,
         failure(file.string(), has_errors("the pipeline file has errors"), result.exit_code()),
         true});
    return jobs;
  }
  for (config::LintResult::Part& part : result.parts) {
    if (part.pipeline) {
      jobs.push_back({std::move(part.pipeline), {}});
    } else {
      jobs.push_back(
          {std::nullopt, failure(part.name, has_errors(part.problem), part.exit_code), true});
    }
  }
  return jobs;
}

void keep_apart(std::vector<Job>& jobs, const RunOptions& options) {
  Taken taken;
  std::vector<config::Pipeline*> pipelines;
  for (Job& job : jobs) {
    if (!job.pipeline) {
      continue;
    }
    try {
      taken.claim(state_dir_of(*job.pipeline, options.state_dir).string(), "its ledger",
                  *job.pipeline);
      for (const config::SinkSpec& sink : job.pipeline->sinks) {
        if (const auto path = path_of(sink)) {
          taken.claim(*path, "a sink", *job.pipeline);
        }
      }
      pipelines.push_back(&*job.pipeline);
    } catch (const Error& why) {
      job.report = failure(job.pipeline->name, why, run::exit_code(why.error_class()));
      job.pipeline.reset();
    }
  }
  config::ComponentReader::hide_variables(pipelines);
}

void run_jobs(std::vector<Job>& jobs, const plugin::Catalog& catalog, const RunOptions& options,
              std::size_t at_once, const Log& log, const std::function<void(const Job&)>& ended) {
  Crew crew(jobs, ended);
  const std::vector<run::Cancellation*> cancellations = crew.cancellations();
  const SignalGuard signals(cancellations);
  ProgressBoard board(jobs.size());
  RunOptions shared = options;
  shared.board = &board;
  shared.named = jobs.size() > 1;
  const ProgressView view(board, *cancellations.front(), options.progress, log);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(at_once, jobs.size()); ++i) {
    threads.emplace_back([&] { crew.work(catalog, shared, log); });
  }
  crew.work(catalog, shared, log);
}

}  // namespace mailpipe::app
