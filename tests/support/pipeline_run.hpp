#pragma once

#include "fs/posix_fs.hpp"
#include "run/runner.hpp"
#include "support/test_account.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// Runs of one pipeline over an Account and recording sinks, in process, with state that outlives each run.
class PipelineRun {
 public:
  PipelineRun() { sinks = {{"sink", std::make_shared<Disk>(), true}}; }

  struct SinkOf {
    std::string id;
    std::shared_ptr<Disk> disk;
    bool required = true;
  };

  run::RunReport run(run::Mode mode = run::Mode::Run) {
    cancellation = std::make_unique<run::Cancellation>();
    run::Setup setup{.pipeline = "test",
                     .state_dir = state_dir,
                     .fingerprint = fingerprint,
                     .settings = settings,
                     .mode = mode};
    run::Progress progress;
    run::Runner runner(
        setup,
        {.fs = *file_ops,
         .cancellation = *cancellation,
         .progress = progress,
         .secret = [](const std::string&, std::string_view, bool) { return std::string("secret"); },
         .log =
             [this](LogLevel, const std::string&, std::string_view message, const Pairs&) {
               const std::lock_guard lock(mutex_);
               log.emplace_back(message);
             },
         .now = [this] { return std::chrono::sys_seconds(std::chrono::seconds(now)); }});
    run::Components parts{.source_id = "source"};
    if (make_source) {
      parts.source = make_source(runner);
    } else {
      parts.source = std::make_shared<ScriptedSource>(account, script);
    }
    if (make_filters) {
      parts.filters = make_filters(runner);
    }
    if (make_sinks) {
      parts.sinks = make_sinks(runner);
    } else {
      parts.sinks = recording_sinks();
    }
    return runner.run(parts);
  }

  Disk& disk(std::size_t index = 0) { return *sinks.at(index).disk; }

  /// What a sink has published once it holds the whole account.
  std::map<std::string, std::string> expected_files() const {
    std::map<std::string, std::string> out;
    for (const auto& [id, message] : account.messages) {
      out[ScriptedSource::key(id) + ".eml"] = message.body;
    }
    return out;
  }

  TempDir dir{TempDir::fast_parent()};
  std::filesystem::path state_dir = dir.path() / "state";
  PosixFs posix_fs;
  Fs* file_ops = &posix_fs;  ///< a test may put a double here
  Account account;
  Script script;
  std::vector<SinkOf> sinks;
  std::function<std::shared_ptr<Source>(run::Runner&)> make_source;  ///< in place of `account`
  std::function<std::vector<run::FilterPart>(run::Runner&)> make_filters;
  std::function<std::vector<run::SinkPart>(run::Runner&)> make_sinks;  ///< in place of `sinks`
  run::Settings settings{.batch_interval = std::chrono::milliseconds(50),
                         .retry_budget = std::chrono::seconds(2),
                         .max_backoff = std::chrono::milliseconds(20)};
  std::string fingerprint = "f1";
  std::int64_t now = 2'000'000;
  std::unique_ptr<run::Cancellation> cancellation;
  std::vector<std::string> log;

 private:
  std::vector<run::SinkPart> recording_sinks() const {
    std::vector<run::SinkPart> parts;
    for (const SinkOf& sink : sinks) {
      parts.push_back({.id = sink.id,
                       .sink = std::make_shared<RecordingSink>(sink.disk),
                       .can = {.scan = true},
                       .required = sink.required,
                       .root = sink.id});
    }
    return parts;
  }

  std::mutex mutex_;
};

}  // namespace mailpipe::test
