#include "assembly.hpp"
#include "command.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "process.hpp"
#include "report_file.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>

#include <nlohmann/json.hpp>

#include <charconv>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

ProgressView::When when_of(const std::string& word) {
  return word == "always"  ? ProgressView::When::Always
         : word == "never" ? ProgressView::When::Never
                           : ProgressView::When::Auto;
}

void check_usage(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe run: a pipeline file is needed",
                "mailpipe run --help");
  }
  if (arguments.has("state") && arguments.operands().size() > 1) {
    throw Error(ErrorClass::Config, "mailpipe run: --state is for one pipeline, not for several",
                "set `state:` in each pipeline file");
  }
  if (arguments.has("report")) {
    check_report_place(arguments.value("report"));
  }
}

std::uint64_t allow_delete(const Arguments& arguments) {
  const std::string text = arguments.value("allow-delete");
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (!text.empty() && (error != std::errc() || end != text.data() + text.size())) {
    throw Error(ErrorClass::Config, "mailpipe run: --allow-delete: '" + text + "' is no number",
                "the message of the guard says how many there are");
  }
  return count;
}

/// One object for one pipeline; {"reports": [...]} for several.
void write_reports(const std::string& path, const Json& reports, int code) {
  write_report(path, reports.size() == 1 ? reports.front()
                                         : Json{{"reports", reports}, {"exit_code", code}});
}

/// What stands in the report of a file that is no pipeline.
run::RunReport unreadable(const std::string& file, int code) {
  run::RunReport report;
  report.pipeline = file;
  report.exit_code = code;
  report.errors.push_back(
      {ErrorClass::Config, "the pipeline file has errors", "mailpipe lint", file, {}});
  return report;
}

int run(const Arguments& arguments) {
  const Log log = make_log(arguments);
  check_usage(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const RunOptions options{.overrides = arguments.values("set"),
                           .state_dir = arguments.value("state"),
                           .progress = when_of(arguments.value("progress")),
                           .mode = arguments.has("dry-run") ? run::Mode::DryRun : run::Mode::Run,
                           .allow_delete = allow_delete(arguments)};
  run::Cancellation cancellation;
  const SignalGuard signals(cancellation);
  Json reports = Json::array();
  int code = run::kOk;
  for (const std::string& file : arguments.operands()) {
    int read = run::kOk;
    const auto pipeline = read_pipeline(file, catalog, options.overrides, read, &log);
    run::RunReport report;
    if (pipeline) {
      report = run_pipeline(*pipeline, catalog, options, cancellation, log);
      print_report(report, log);
    } else {
      report = unreadable(file, read);
    }
    code = run::worst(code, report.exit_code);
    reports.push_back(run::to_json(report));
    if (cancellation.level() != Cancel::Running) {
      break;
    }
  }
  if (arguments.has("report")) {
    write_reports(arguments.value("report"), reports, code);
  }
  return code;
}

}  // namespace

Command run_command() {
  Command command{"run", "FILE...", "Backs up what the pipelines say, one after another",
                  "",    {},        run};
  command.text =
      "Examples:\n"
      "  mailpipe run backup.yaml\n"
      "  mailpipe run --dry-run --set source.with.user=ann backup.yaml\n"
      "  mailpipe run --report /var/log/mailpipe.json work.yaml home.yaml\n\n"
      "The first SIGINT or SIGTERM finishes and commits what is in flight, the second stops at\n"
      "once; either way nothing is lost, and the next run goes on from there.\n\n"
      "Exit codes: 0 all well, 1 failure, 2 configuration, 3 some messages are quarantined or a\n"
      "guard was tripped, 4 login refused, 5 plugin, 6 no space, 75 run again later, 130 or 143\n"
      "stopped by a signal; of several pipelines the worst.\n";
  command.options.flag("dry-run", "list and judge only; nothing is fetched or written")
      .values("set", "PATH=VALUE", "replace a value, as in sinks.eml.with.path=/tmp/x")
      .value("state", "DIR", "folder of the ledger (default: ~/.local/state/mailpipe/NAME)")
      .value("report", "FILE", "write the outcome as JSON")
      .value("allow-delete", "N", "confirm up to N removals that the guard held back")
      .choice("progress", {"auto", "always", "never"}, "a bar on a terminal, lines elsewhere");
  add_log_options(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
