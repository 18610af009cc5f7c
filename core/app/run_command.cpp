#include "command.hpp"
#include "many_runs.hpp"
#include "plugin/search_path.hpp"
#include "redactor.hpp"
#include "report_file.hpp"
#include "run/exit_code.hpp"
#include "terminal.hpp"
#include "total.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>
#include <utility>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

ProgressView::When when_of(const std::string& word) {
  return word == "always"  ? ProgressView::When::Always
         : word == "never" ? ProgressView::When::Never
                           : ProgressView::When::Auto;
}

void refuse_state(const Arguments& arguments) {
  if (arguments.has("state")) {
    throw Error(ErrorClass::Config, "mailpipe run: --state is for one pipeline, not for several",
                "set `state:` in each pipeline file");
  }
}

void check_usage(const Arguments& arguments) {
  if (arguments.operands().empty()) {
    throw Error(ErrorClass::Config, "mailpipe run: a pipeline file is needed",
                "mailpipe run --help");
  }
  if (arguments.operands().size() > 1) {
    refuse_state(arguments);
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

std::size_t jobs(const Arguments& arguments) {
  constexpr std::size_t kMost = 64;
  const std::string text = arguments.value("jobs");
  std::size_t count = text.empty() ? 1 : 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() && !text.empty()) {
    count = 0;
  }
  if (end != text.data() + text.size() || count == 0 || count > kMost) {
    throw Error(ErrorClass::Config,
                "mailpipe run: --jobs is a number from 1 to 64, not '" + printable(text, 60) + "'",
                "so many pipelines run at the same time");
  }
  return count;
}

/// All pipelines of all files. Nothing when a --select chose nothing.
std::optional<std::vector<Job>> read_all(const Arguments& arguments, const plugin::Catalog& catalog,
                                         const Log& log) {
  const config::LintOptions options{.overrides = arguments.values("set"),
                                    .select = selections_of("run", arguments)};
  std::vector<Job> all;
  bool misused = false;
  for (const std::string& file : arguments.operands()) {
    config::LintResult result = read_pipelines(file, catalog, options, &log);
    misused = misused || selects_nothing(result);
    for (Job& job : jobs_of(file, std::move(result))) {
      all.push_back(std::move(job));
    }
  }
  if (all.size() > 1) {
    refuse_state(arguments);
  }
  return misused ? std::nullopt : std::optional(std::move(all));
}

/// One object for one pipeline; {"reports": [...]} for several.
void write_reports(const std::string& path, const std::vector<run::RunReport>& reports) {
  if (reports.size() == 1) {
    return write_report(path, run::to_json(reports.front()));
  }
  Json all{
      {"reports", Json::array()}, {"total", total_json(reports)}, {"exit_code", worst_of(reports)}};
  for (const run::RunReport& report : reports) {
    all["reports"].push_back(run::to_json(report));
  }
  write_report(path, all);
}

void print_total(const std::vector<run::RunReport>& reports, const Log& log) {
  if (log.form() == Log::Form::Text) {
    return Terminal::instance().print(Redactor::instance().redact(total_table(reports)));
  }
  const Json total = total_json(reports);
  Pairs fields{{"runs", total.at("runs").dump()},
               {"failed_runs", total.at("failed_runs").dump()},
               {"exit_code", std::to_string(worst_of(reports))}};
  for (const auto& [name, count] : total.at("counts").items()) {
    fields.emplace_back(name, count.dump());
  }
  log.line(LogLevel::Info, "total", "finished", fields);
}

int run(const Arguments& arguments) {
  const Log log = make_log(arguments);
  check_usage(arguments);
  const RunOptions options{.state_dir = arguments.value("state"),
                           .progress = when_of(arguments.value("progress")),
                           .mode = arguments.has("dry-run") ? run::Mode::DryRun : run::Mode::Run,
                           .allow_delete = allow_delete(arguments)};
  const std::size_t at_once = jobs(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  auto all = read_all(arguments, catalog, log);
  if (!all) {
    return run::kConfiguration;
  }
  keep_apart(*all, options);
  const bool several = all->size() > 1;
  run_jobs(*all, catalog, options, at_once, log, [&](const Job& job) {
    if (!job.told) {
      print_report(job.report, log, several);
    }
  });
  std::vector<run::RunReport> reports;
  for (Job& job : *all) {
    reports.push_back(std::move(job.report));
  }
  if (several) {
    print_total(reports, log);
  }
  if (arguments.has("report")) {
    write_reports(arguments.value("report"), reports);
  }
  return worst_of(reports);
}

}  // namespace

Command run_command() {
  Command command{"run", "FILE...", "Backs up what the pipelines say", "", {}, run};
  command.text =
      "Examples:\n"
      "  mailpipe run backup.yaml\n"
      "  mailpipe run --dry-run --set source.with.user=ann backup.yaml\n"
      "  mailpipe run --report /var/log/mailpipe.json work.yaml home.yaml\n"
      "  mailpipe run --select account=work,home --jobs 2 accounts.yaml\n\n"
      "Several files, and the cells of a matrix, run one after another, or --jobs at a time. Each\n"
      "has a ledger and an outcome of its own; one that fails leaves the others alone.\n\n"
      "The first SIGINT or SIGTERM finishes and commits what is in flight, the second stops at\n"
      "once; either way nothing is lost, and the next run goes on from there.\n\n"
      "Exit codes: 0 all well, 1 failure, 2 configuration, 3 some messages are quarantined or a\n"
      "guard was tripped, 4 login refused, 5 plugin, 6 no space, 75 run again later, 130 or 143\n"
      "stopped by a signal; of several pipelines the worst.\n";
  add_select_option(command.options);
  command.options.flag("dry-run", "list and judge only; nothing is fetched or written")
      .values("set", "PATH=VALUE", "replace a value, as in sinks.eml.with.path=/tmp/x")
      .value("jobs", "N", "so many pipelines at the same time (default: 1)")
      .value("state", "DIR", "folder of the ledger (default: ~/.local/state/mailpipe/NAME)")
      .value("report", "FILE", "write the outcome as JSON")
      .value("allow-delete", "N", "confirm up to N removals that the guard held back")
      .choice("progress", {"auto", "always", "never"}, "a bar on a terminal, lines elsewhere");
  add_log_options(command.options);
  command.options.values("plugin-dir", "DIR", "look for plugins here too");
  return command;
}

}  // namespace mailpipe::app
