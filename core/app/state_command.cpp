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

#include <array>
#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

constexpr std::array kStates = {state::RowState::Stored,      state::RowState::Held,
                                state::RowState::Filtered,    state::RowState::Deduplicated,
                                state::RowState::Quarantined, state::RowState::Dropped,
                                state::RowState::Gone,        state::RowState::InFlight};
constexpr std::size_t kRuns = 10;

void print_streams(state::Ledger& ledger) {
  std::cout << "\nstreams:\n";
  for (const auto& stream : ledger.streams()) {
    std::cout << "  " << printable(stream.label.empty() ? stream.name : stream.label, 200) << ": "
              << (stream.cursor.empty() ? "never listed to its end"
                                        : "cursor " + printable(stream.cursor, 200))
              << "\n";
  }
}

void print_sinks(state::Ledger& ledger) {
  std::cout << "\nsinks:\n";
  for (const auto& sink : ledger.sinks()) {
    std::cout << "  " << printable(sink.id, 100) << ": " << grouped(sink.places) << " copies, "
              << octets(sink.bytes)
              << (sink.complete ? ", complete" : ", some messages may be missing") << ", "
              << grouped(sink.owed) << " owed";
    if (sink.intents != 0) {
      std::cout << ", " << grouped(sink.intents) << " open from a run that broke off";
    }
    std::cout << "\n";
  }
}

void print_runs(state::Ledger& ledger) {
  std::cout << "\nlast runs:\n";
  for (const auto& one : ledger.last_runs(kRuns)) {
    std::cout << "  #" << one.run << "  " << local_time(one.started) << "  "
              << (one.ended ? "exit code " + std::to_string(one.exit_code) : "no clean end")
              << "\n";
  }
}

Json to_json(state::Ledger& ledger) {
  Json out{{"id", printable(ledger.id())},
           {"format", ledger.format()},
           {"streams", Json::array()},
           {"sinks", Json::array()},
           {"runs", Json::array()}};
  for (const auto state : kStates) {
    out["counts"][state::name_of(state)] = ledger.count(state);
  }
  for (const auto& stream : ledger.streams()) {
    out["streams"].push_back({{"name", printable(stream.name)},
                              {"label", printable(stream.label)},
                              {"cursor", printable(stream.cursor)}});
  }
  for (const auto& sink : ledger.sinks()) {
    out["sinks"].push_back({{"id", printable(sink.id)},
                            {"complete", sink.complete},
                            {"copies", sink.places},
                            {"bytes", sink.bytes},
                            {"owed", sink.owed},
                            {"open", sink.intents}});
  }
  for (const auto& one : ledger.last_runs(kRuns)) {
    Json run{{"run", one.run}, {"started", utc_time(one.started)}};
    if (one.ended) {
      run["ended"] = utc_time(*one.ended);
      run["exit_code"] = one.exit_code;
    }
    out["runs"].push_back(std::move(run));
  }
  return out;
}

int show_as_json(const FoundLedger& found, const std::filesystem::path& file) {
  Json out = found.ledger == nullptr ? Json::object() : to_json(*found.ledger);
  out["pipeline"] = printable(found.name);
  out["file"] = printable(file.string());
  if (found.ledger != nullptr) {
    out["bytes"] = std::filesystem::file_size(file);
  }
  std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return run::kOk;
}

int show(const Arguments& arguments) {
  const FoundLedger found = find_ledger("state show", arguments, 1);
  const std::filesystem::path file = state::Ledger::file_in(found.dir);
  if (arguments.value("format") == "json") {
    return show_as_json(found, file);
  }
  std::cout << "pipeline: " << printable(found.name) << "\nledger:   " << printable(file.string());
  if (found.ledger == nullptr) {
    std::cout << " (not there: no run yet)\n";
    return run::kOk;
  }
  std::cout << " (" << octets(std::filesystem::file_size(file)) << ", format "
            << found.ledger->format() << ")\nid:       " << printable(found.ledger->id())
            << "\nmessages: ";
  const char* between = "";
  for (const auto state : kStates) {
    if (const std::uint64_t count = found.ledger->count(state); count != 0) {
      std::cout << between << grouped(count) << " " << state::name_of(state);
      between = ", ";
    }
  }
  std::cout << (*between == '\0' ? "none\n" : "\n");
  print_streams(*found.ledger);
  print_sinks(*found.ledger);
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
  const auto pipeline = read_pipeline(arguments.operands()[1], catalog,
                                      {.select = selections_of("state", arguments)}, code, &log);
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
  if (what == "reset") {
    return reset_state(arguments);
  }
  const std::string suggestion = config::did_you_mean(what, {"show", "rebuild", "reset"});
  throw Error(ErrorClass::Config,
              what.empty() ? "mailpipe state: say show, rebuild or reset"
                           : "mailpipe state: unknown word '" + printable(what, 60) + "'" +
                                 (suggestion.empty() ? "" : "; " + suggestion),
              "mailpipe state --help");
}

}  // namespace

Command state_command() {
  Command command{"state",
                  "show|rebuild|reset FILE",
                  "Shows the ledger, makes it anew, or forgets parts of it",
                  "",
                  {},
                  run};
  command.text =
      "show prints where the ledger of a pipeline is, its streams and its last runs.\n\n"
      "rebuild makes a ledger from what lies in the sinks, then lists the whole source: what is "
      "there\n"
      "already is adopted, only what is missing is fetched, and nothing is stored twice. An "
      "existing\n"
      "ledger is put aside, not deleted.\n\n"
      "reset forgets what is said: cursors, so that the next run lists everything or one stream "
      "again;\n"
      "verdicts, so that filtered and held messages are judged again; or what lay in a sink that "
      "was\n"
      "emptied on purpose, so that the next run fills it. A sink that still has messages is "
      "refused.\n"
      "No message is touched by any of it.\n";
  add_ledger_options(command.options);
  command.options.value("report", "FILE", "rebuild: write the outcome as JSON")
      .choice("format", {"human", "json"}, "show: how to print")
      .flag("cursors", "reset: all cursors")
      .values("stream", "NAME", "reset: the cursor of one stream, by name or label")
      .flag("filtered", "reset: what the filters said")
      .values("sink", "ID", "reset: what lies in a sink, which must be empty")
      .flag("yes", "reset: do not ask");
  add_log_options(command.options);
  return command;
}

}  // namespace mailpipe::app
