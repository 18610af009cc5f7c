#pragma once

#include "run/cancellation.hpp"
#include "run/components.hpp"
#include "run/progress.hpp"
#include "run/report.hpp"
#include "run/settings.hpp"

#include <mailpipe/fs.hpp>
#include <mailpipe/host.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace mailpipe::run {

enum class Mode {
  Run,      ///< back up
  DryRun,   ///< list and judge by metadata; nothing is fetched, written or remembered
  Rebuild,  ///< `state rebuild`: scan the sinks into a new ledger, then run with a complete listing
};

struct Setup {
  std::string pipeline;             ///< its name
  std::filesystem::path state_dir;  ///< made when missing (0700)
  std::string fingerprint;          ///< of the written options of source and filters
  Settings settings;
  Mode mode = Mode::Run;
};

/// A pipeline on its way: opens the state and gives each component its Host; then runs it once.
///
/// Life cycle  Construct; host() for each component that the caller makes; run() once; destroy after the
///             components.
/// Threads     One thread calls; run() starts and joins its own.
/// Errors      The constructor and run() never throw for what a run can meet: it is in the report, with its exit code.
class Runner {
 public:
  using SecretLookup = std::function<std::string(const std::string& component,
                                                 std::string_view pointer, bool refresh)>;
  using LogLine = std::function<void(LogLevel, const std::string& component,
                                     std::string_view message, const Pairs&)>;

  struct Services {
    Fs& fs;
    Cancellation& cancellation;
    Progress& progress;
    SecretLookup secret;  ///< throws Error
    LogLine log;          ///< from any thread
    std::function<std::chrono::sys_seconds()> now;
    /// Takes secrets out of what goes into the ledger: a server may repeat the token in its refusal. May be empty.
    std::function<std::string(std::string)> redact = {};

    std::string redacted(std::string text) const { return redact ? redact(std::move(text)) : text; }
  };

  Runner(Setup setup, Services services);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// The host of one component, by a name unique in the pipeline: "source", "filter:<id>", "sink:<id>",
  /// "sink:<id>/filter:<id>". Lives as long as the Runner.
  Host& host(const std::string& component);

  RunReport run(const Components& components);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailpipe::run
