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
              log.line(level, title_of(pipeline_, component), message, fields);
            },
        .now = now,
        .redact = [](std::string text) { return Redactor::instance().redact(std::move(text)); }};
  }

  const config::Pipeline& pipeline_;
  PosixFs fs_;
  run::Progress progress_;
  Secrets secrets_;
  run::Setup setup_;
  run::Runner runner_;
};

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

void print_as_json(const std::vector<config::Diagnostic>& diagnostics, const Log& log) {
  for (const config::Diagnostic& one : diagnostics) {
    Pairs fields{{"code", one.code},
                 {"file", one.file},
                 {"line", std::to_string(one.line)},
                 {"column", std::to_string(one.column)}};
    if (!one.label.empty()) {
      fields.emplace_back("label", one.label);
    }
    if (!one.help.empty()) {
      fields.emplace_back("help", one.help);
    }
    log.line(one.severity == config::Severity::Error ? LogLevel::Error : LogLevel::Warn, "lint",
             one.message, fields);
  }
}

}  // namespace

std::optional<config::Pipeline> read_pipeline(const std::filesystem::path& file,
                                              const plugin::Catalog& catalog,
                                              const std::vector<std::string>& overrides,
                                              int& exit_code, const Log* log) {
  config::LintOptions options;
  options.overrides = overrides;
  config::LintResult result = config::load_pipeline(file, catalog, options);
  if (log != nullptr && log->form() == Log::Form::Json) {
    print_as_json(result.diagnostics, *log);
  } else if (!result.diagnostics.empty()) {
    Terminal::instance().write(
        config::render(result.diagnostics, result.sources, config::Format::Human));
  }
  exit_code = result.exit_code();
  return std::move(result.pipeline);
}

run::RunReport run_pipeline(const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                            const RunOptions& options, run::Cancellation& cancellation,
                            const Log& log) {
  try {
    Session session(pipeline, options, cancellation, log);
    const run::Components components = session.assemble(catalog);
    const ProgressView view(session.progress(), cancellation, options.progress, log);
    return session.runner().run(components);
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
                   run::Cancellation& cancellation, const Log& log) {
  Session session(pipeline, {}, cancellation, log);
  const run::Components components = session.assemble(catalog);
  int code = check_part(title_of(pipeline, "source"), [&] { components.source->check(); });
  for (const run::SinkPart& part : components.sinks) {
    code = run::worst(code, check_part("sink " + part.id + " (" + printable(part.root) + ")", [&] {
                        part.sink->open(true);
                        if (!run::look_at_root(part.sink->root(), part, session.setup())) {
                          log.line(LogLevel::Warn, title_of(pipeline, "sink:" + part.id),
                                   "the folder is not empty; 'mailpipe state rebuild' takes over "
                                   "what lies there, and a run refuses to start before that");
                        }
                      }));
  }
  return code;
}

void print_report(const run::RunReport& report, const Log& log) {
  if (log.form() == Log::Form::Text) {
    std::cout << Redactor::instance().redact(summary(report)) << std::flush;
    Terminal::instance().write(Redactor::instance().redact(error_lines(report)));
    return;
  }
  for (const run::ErrorReport& error : report.errors) {
    log.line(LogLevel::Error, error.component.empty() ? "run" : error.component, error.what,
             {{"help", error.hint}});
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
