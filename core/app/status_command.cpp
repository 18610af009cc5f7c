#include "command.hpp"
#include "figures.hpp"
#include "ledger_option.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <functional>
#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;
using state::Row;
using state::RowState;

constexpr std::array kStates = {RowState::Stored,       RowState::Held,        RowState::Filtered,
                                RowState::Deduplicated, RowState::Quarantined, RowState::Gone,
                                RowState::Dropped,      RowState::InFlight};

/// So many messages of a kind are named for people; JSON has up to a thousand.
constexpr std::size_t kNamed = 20;
constexpr std::size_t kNamedInJson = 1000;

/// "12 held, the first until ...", then the messages.
void print_rows(state::Ledger& ledger, RowState state,
                const std::function<std::string(const Row&)>& line) {
  const std::uint64_t count = ledger.count(state);
  if (count == 0) {
    return;
  }
  std::cout << "\n" << state::name_of(state) << ":\n";
  for (const Row& row : ledger.rows(state, 0, kNamed)) {
    std::cout << "  " << line(row) << "\n";
  }
  if (count > kNamed) {
    std::cout << "  ... and " << grouped(count - kNamed) << " more; --format json names them\n";
  }
}

std::string held_line(const Row& row) {
  return "until " + (row.due ? local_time(*row.due) : std::string("unknown")) + "  " +
         printable(row.item.key, 200);
}

std::string quarantined_line(const Row& row) {
  return printable(row.item.key, 200) + ": " + printable(row.reason, 300);
}

void print_last_run(state::Ledger& ledger) {
  const auto runs = ledger.last_runs(1);
  if (runs.empty()) {
    std::cout << "  no run yet\n";
    return;
  }
  const auto& last = runs.front();
  std::cout << "  last run: " << local_time(last.started);
  if (last.ended) {
    const auto time = std::chrono::duration<double>(*last.ended - last.started).count();
    std::cout << ", " << duration(time) << ", exit code " << last.exit_code << "\n";
  } else {
    std::cout << ", still running or it did not end cleanly\n";
  }
}

Json counters_of(const state::Ledger::RunRow& run) {
  const Json summary = Json::parse(run.summary, nullptr, false);
  const bool has = summary.is_object() && summary.contains("counters");
  return has && summary["counters"].is_object() ? summary["counters"] : Json::object();
}

/// What the parts counted in the last run: connections, questions, how a source found out what changed.
void print_counters(state::Ledger& ledger) {
  for (const auto& last : ledger.last_runs(1)) {
    std::string line;
    const Json counters = counters_of(last);
    for (const auto& [name, value] : counters.items()) {
      line += (line.empty() ? "" : ", ") + printable(name, 100) + " " + value.dump();
    }
    if (!line.empty()) {
      std::cout << "  of it: " << line << "\n";
    }
  }
}

void print_human(const FoundLedger& found) {
  std::cout << printable(found.name) << ": " << printable(found.dir.string()) << "\n";
  if (found.ledger == nullptr) {
    std::cout << "  no run yet\n";
    return;
  }
  state::Ledger& ledger = *found.ledger;
  print_last_run(ledger);
  print_counters(ledger);
  for (const RowState state : kStates) {
    if (const std::uint64_t count = ledger.count(state); count != 0) {
      std::cout << "  " << grouped(count) << " " << state::name_of(state) << "\n";
    }
  }
  print_rows(ledger, RowState::Held, held_line);
  print_rows(ledger, RowState::Quarantined, quarantined_line);
}

Json rows_json(state::Ledger& ledger, RowState state) {
  Json out = Json::array();
  for (const Row& row : ledger.rows(state, 0, kNamedInJson)) {
    Json one{{"key", printable(row.item.key)}};
    if (row.due) {
      one["until"] = utc_time(*row.due);
    }
    if (!row.reason.empty()) {
      one["reason"] = printable(row.reason);
    }
    out.push_back(std::move(one));
  }
  return out;
}

Json to_json(const FoundLedger& found) {
  Json out{{"pipeline", printable(found.name)}, {"state", printable(found.dir.string())}};
  if (found.ledger != nullptr) {
    state::Ledger& ledger = *found.ledger;
    for (const RowState state : kStates) {
      out["counts"][state::name_of(state)] = ledger.count(state);
    }
    for (const auto& last : ledger.last_runs(1)) {
      out["last_run"] = {
          {"run", last.run}, {"started", utc_time(last.started)}, {"exit_code", last.exit_code}};
      if (last.ended) {
        out["last_run"]["ended"] = utc_time(*last.ended);
      }
      out["last_run"]["counters"] = counters_of(last);
    }
    out["held"] = rows_json(ledger, RowState::Held);
    out["quarantined"] = rows_json(ledger, RowState::Quarantined);
  }
  return out;
}

/// One object for one pipeline; {"pipelines": [...]} for several.
void print_json(const std::vector<FoundLedger>& all) {
  Json out{{"pipelines", Json::array()}};
  for (const FoundLedger& found : all) {
    out["pipelines"].push_back(to_json(found));
  }
  std::cout << (all.size() == 1 ? out["pipelines"].front() : out)
                   .dump(2, ' ', false, Json::error_handler_t::replace)
            << "\n";
}

void print_human(const std::vector<FoundLedger>& all) {
  for (const FoundLedger& found : all) {
    std::cout << (&found == &all.front() ? "" : "\n");
    print_human(found);
  }
}

int run(const Arguments& arguments) {
  const std::vector<FoundLedger> all = find_ledgers("status", arguments, 0);
  arguments.value("format") == "json" ? print_json(all) : print_human(all);
  return run::kOk;
}

}  // namespace

Command status_command() {
  Command command{"status", "FILE", "Says what is stored, held and quarantined", "", {}, run};
  command.text = "Reads the ledger only; nothing is contacted.\n";
  command.options.choice("format", {"human", "json"}, "how to print");
  add_ledger_options(command.options);
  return command;
}

}  // namespace mailpipe::app
