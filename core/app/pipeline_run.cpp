#include "pipeline_run.hpp"

#include "assembly.hpp"
#include "fs/posix_fs.hpp"
#include "redactor.hpp"
#include "run/exit_code.hpp"
#include "run/opening.hpp"
#include "summary.hpp"
#include "terminal.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <iostream>
#include <mutex>

namespace mailpipe::app {

namespace {

std::chrono::sys_seconds now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Everything that a Runner needs, put together for one pipeline.
class Session {
 public:
  Session(const config::Pipeline& pipeline, const RunOptions& options,
          run::Cancellation& cancellation, const Log& log)
      : pipeline_(pipeline),
        setup_(make_setup(pipeline, options)),
        named_(options.named),
        runner_(setup_, services(cancellation, log)) {
    collect_secrets(pipeline, secrets_);
  }

  run::Components assemble(const plugin::Catalog& catalog) {
    return app::assemble(pipeline_, catalog, [this](const std::string& component) -> Host& {
      return runner_.host(component);
    });
  }

  run::Runner& runner() noexcept { return runner_; }

  const run::Setup& setup() const noexcept { return setup_; }

  const run::Progress& progress() const noexcept { return progress_; }

 private:
  static run::Setup make_setup(const config::Pipeline& pipeline, const RunOptions& options) {
    return {.pipeline = pipeline.name,
            .state_dir = state_dir_of(pipeline, options.state_dir),
            .fingerprint = fingerprint(pipeline),
            .settings = settings_of(pipeline.run, options.allow_delete),
            .mode = options.mode};
  }

  run::Runner::Services services(run::Cancellation& cancellation, const Log& log) {
    return {
        .fs = fs_,
        .cancellation = cancellation,
        .progress = progress_,
        .secret = [this](const std::string& component, std::string_view pointer,
                         bool refresh) { return secrets_.get(component, pointer, refresh); },
        .log =
            [this, &log](LogLevel level, const std::string& component, std::string_view message,
                         const Pairs& fields) {
              if (!named_) {
                return log.line(level, title_of(pipeline_, component), message, fields);
              }
              Pairs more = fields;
              if (log.form() == Log::Form::Json) {
                more.emplace_back("pipeline", pipeline_.name);
              }
              log.line(level,
                       log.form() == Log::Form::Json
                           ? title_of(pipeline_, component)
                           : pipeline_.name + ": " + title_of(pipeline_, component),
                       message, more);
            },
        .now = now,
        .redact = [](std::string text) { return Redactor::instance().redact(std::move(text)); }};
  }

  const config::Pipeline& pipeline_;
  PosixFs fs_;
  run::Progress progress_;
  Secrets secrets_;
  run::Setup setup_;
  const bool named_;
  run::Runner runner_;
};

/// Loading a library and making components is for one thread at a time.
std::mutex& assembling() {
  static std::mutex mutex;
  return mutex;
}

run::Components assembled(Session& session, const plugin::Catalog& catalog) {
  const std::lock_guard lock(assembling());
  return session.assemble(catalog);
}

run::RunReport watched(Session& session, const run::Components& components,
                       const config::Pipeline& pipeline, ProgressBoard& board) {
  const ProgressBoard::Entry entry(board, pipeline.name, session.progress());
  return session.runner().run(components);
}

run::RunReport failed(const config::Pipeline& pipeline, const RunOptions& options,
                      const Error& error, int exit_code) {
  run::RunReport report;
  report.pipeline = pipeline.name;
  report.dry_run = options.mode == run::Mode::DryRun;
  report.started = report.ended = now();
  report.errors.push_back({error.error_class(), error.what(), error.hint(), "", error.details()});
  report.exit_code = exit_code;
  return report;
}

/// Does one part of a check, prints how it went and returns its exit code.
int check_part(const std::string& title, const std::function<void()>& look) {
  try {
    look();
    std::cout << title << ": ok\n" << std::flush;
    return run::kOk;
  } catch (const Error& error) {
    complain("error: " + title + ": " + error.what(), error.hint());
    return run::exit_code(error.error_class());
  }
}

}  // namespace

run::RunReport run_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                            const RunOptions& options, run::Cancellation& cancellation,
                            const Log& log) {
  try {
    Session session(pipeline, options, cancellation, log);
    const run::Components components = assembled(session, catalog);
    if (options.board != nullptr) {
      return watched(session, components, pipeline, *options.board);
    }
    ProgressBoard board(1);
    const ProgressView view(board, cancellation, options.progress, log);
    return watched(session, components, pipeline, board);
  } catch (const plugin::Refused& why) {
    const Error named(why.error_class(), why.code() + ": " + why.what(), why.hint());
    return failed(pipeline, options, named, run::kPlugin);
  } catch (const Error& why) {
    return failed(pipeline, options, why, run::exit_code(why.error_class()));
  }
}

int with_parts(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
               const RunOptions& options, run::Cancellation& cancellation, const Log& log,
               const PartsUser& use) {
  Session session(pipeline, options, cancellation, log);
  const run::Components components = session.assemble(catalog);
  return use(session.runner(), session.setup(), components);
}

int check_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                   const RunOptions& options, run::Cancellation& cancellation, const Log& log) {
  Session session(pipeline, options, cancellation, log);
  const run::Components components = session.assemble(catalog);
  const std::string whose = options.named ? pipeline.name + ": " : "";
  int code = check_part(whose + title_of(pipeline, "source"), [&] { components.source->check(); });
  for (const run::SinkPart& part : components.sinks) {
    code = run::worst(
        code, check_part(whose + "sink " + part.id + " (" + printable(part.root) + ")", [&] {
          part.sink->open(true);
          if (!run::look_at_root(part.sink->root(), part, session.setup())) {
            log.line(LogLevel::Warn, whose + title_of(pipeline, "sink:" + part.id),
                     "the folder is not empty; 'mailpipe state rebuild' takes over "
                     "what lies there, and a run refuses to start before that");
          }
        }));
  }
  return code;
}

void print_report(const run::RunReport& report, const Log& log, bool named) {
  if (log.form() == Log::Form::Text) {
    Terminal::instance().print(Redactor::instance().redact(summary(report)));
    Terminal::instance().write(Redactor::instance().redact(error_lines(report, named)));
    return;
  }
  for (const run::ErrorReport& error : report.errors) {
    log.line(LogLevel::Error, error.component.empty() ? "run" : error.component, error.what,
             {{"help", error.hint}, {"pipeline", report.pipeline}});
  }
  const nlohmann::json counts = run::to_json(report).at("counts");
  Pairs fields{{"pipeline", report.pipeline}, {"exit_code", std::to_string(report.exit_code)}};
  for (const auto& [name, count] : counts.items()) {
    fields.emplace_back(name, count.dump());
  }
  log.line(LogLevel::Info, "run", "finished", fields);
}

void add_log_options(OptionTable& options) {
  options.choice("log-format", {"text", "json"}, "form of the lines on standard error")
      .choice("log-level", {"info", "debug", "warning", "error"}, "the least that is logged");
}

Log make_log(const Arguments& arguments) {
  const std::string level = arguments.value("log-level");
  if (arguments.value("log-format") == "json") {
    complain_in_json();
  }
  return {arguments.value("log-format") == "json" ? Log::Form::Json : Log::Form::Text,
          level == "debug"     ? LogLevel::Debug
          : level == "warning" ? LogLevel::Warn
          : level == "error"   ? LogLevel::Error
                               : LogLevel::Info};
}

}  // namespace mailpipe::app
