#include "command.hpp"
#include "config/suggest.hpp"
#include "figures.hpp"
#include "ledger_option.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "process.hpp"
#include "report_file.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::app {

namespace {

void print_streams(state::Ledger& ledger) {
  std::cout << "\nstreams:\n";
  for (const auto& stream : ledger.streams()) {
    std::cout << "  " << printable(stream.label.empty() ? stream.name : stream.label, 200) << ": "
              << (stream.cursor.empty() ? "never listed to its end"
                                        : "cursor " + printable(stream.cursor, 200))
              << "\n";
  }
}

void print_runs(state::Ledger& ledger) {
  constexpr std::size_t kRuns = 10;
  std::cout << "\nlast runs:\n";
  for (const auto& one : ledger.last_runs(kRuns)) {
    std::cout << "  #" << one.run << "  " << local_time(one.started) << "  "
              << (one.ended ? "exit code " + std::to_string(one.exit_code) : "no clean end")
              << "\n";
  }
}

int show(const Arguments& arguments) {
  const FoundLedger found = find_ledger("state show", arguments, 1);
  const std::filesystem::path file = state::Ledger::file_in(found.dir);
  std::cout << "pipeline: " << printable(found.name) << "\nledger:   " << printable(file.string());
  if (found.ledger == nullptr) {
    std::cout << " (not there: no run yet)\n";
    return run::kOk;
  }
  std::cout << " (" << octets(std::filesystem::file_size(file))
            << ")\nid:       " << printable(found.ledger->id()) << "\n";
  print_streams(*found.ledger);
  print_runs(*found.ledger);
  return run::kOk;
}

int rebuild(const Arguments& arguments) {
  if (arguments.operands().size() != 2) {
    throw Error(ErrorClass::Config, "mailpipe state rebuild: one pipeline file is needed",
                "mailpipe state --help");
  }
  const Log log = make_log(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  RunOptions options;
  options.state_dir = arguments.value("state");
  options.mode = run::Mode::Rebuild;
  run::Cancellation cancellation;
  const SignalGuard signals(cancellation);
  int code = run::kOk;
  const auto pipeline = read_pipeline(arguments.operands()[1], catalog, {}, code, &log);
  if (!pipeline) {
    return code;
  }
  const run::RunReport report = run_pipeline(*pipeline, catalog, options, cancellation, log);
  print_report(report, log);
  if (arguments.has("report")) {
    write_report(arguments.value("report"), run::to_json(report));
  }
  return report.exit_code;
}

int run(const Arguments& arguments) {
  const std::string what = arguments.operands().empty() ? "" : arguments.operands().front();
  if (what == "show") {
    return show(arguments);
  }
  if (what == "rebuild") {
    return rebuild(arguments);
  }
  const std::string suggestion = config::did_you_mean(what, {"show", "rebuild"});
  throw Error(ErrorClass::Config,
              what.empty() ? "mailpipe state: say show or rebuild"
                           : "mailpipe state: unknown word '" + printable(what, 60) + "'" +
                                 (suggestion.empty() ? "" : "; " + suggestion),
              "mailpipe state --help");
}

}  // namespace

Command state_command() {
  Command command{"state", "show|rebuild FILE", "Shows the ledger, or makes it anew", "", {}, run};
  command.text =
      "show prints where the ledger of a pipeline is, its streams and its last runs.\n\n"
      "rebuild makes a ledger from what lies in the sinks, then lists the whole source: what is "
      "there\n"
      "already is adopted, only what is missing is fetched, and nothing is stored twice. An "
      "existing\n"
      "ledger is put aside, not deleted.\n";
  add_ledger_options(command.options);
  command.options.value("report", "FILE", "rebuild: write the outcome as JSON");
  add_log_options(command.options);
  return command;
}

}  // namespace mailpipe::app
