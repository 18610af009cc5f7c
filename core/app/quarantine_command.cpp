#include "command.hpp"
#include "config/suggest.hpp"
#include "figures.hpp"
#include "ledger_option.hpp"
#include "message_story.hpp"
#include "pipeline_file.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;
using state::Ledger;
using state::Row;
using state::RowState;

constexpr std::size_t kChunk = 500;

bool is_here(const Row& row) {
  return row.state == RowState::Quarantined || row.state == RowState::Dropped;
}

/// What a word of the command works on.
struct Job {
  const Arguments& arguments;
  config::Pipeline pipeline;
  std::vector<std::string> keys;
};

void for_each(Ledger& ledger, RowState state, const std::function<void(const Row&)>& use) {
  for (auto rows = ledger.rows(state, 0, kChunk); !rows.empty();
       rows = ledger.rows(state, rows.back().id, kChunk)) {
    std::for_each(rows.begin(), rows.end(), use);
  }
}

/// The messages of those names that are or were quarantined. Errors  Error(Permanent) on a name that is none's.
std::vector<Row> rows_of(Ledger& ledger, const std::vector<std::string>& keys) {
  std::vector<Row> out;
  for (const std::string& key : keys) {
    const std::size_t before = out.size();
    for (Row& row : ledger.find_named(key, kChunk)) {
      if (is_here(row)) {
        out.push_back(std::move(row));
      }
    }
    if (out.size() == before) {
      throw Error(ErrorClass::Permanent,
                  "no message '" + printable(key, 200) + "' is in quarantine; nothing was changed",
                  "'mailpipe quarantine ls' names them, 'mailpipe why' knows all others");
    }
  }
  return out;
}

Json to_json(const Row& row) {
  Json out{{"key", printable(row.item.key)},
           {"state", state::name_of(row.state)},
           {"error", printable(row.reason)},
           {"tries", row.tries}};
  if (row.item.received_at) {
    out["received_at"] = utc_time(*row.item.received_at);
  }
  return out;
}

int list(const Job& job) {
  const auto ledger = ledger_of(job.pipeline, job.arguments, Ledger::Open::Look);
  const bool as_json = job.arguments.value("format") == "json";
  Json all = Json::array();
  std::size_t count = 0;
  const auto tell = [&](const Row& row) {
    ++count;
    if (as_json) {
      all.push_back(to_json(row));
    } else {
      std::cout << printable(row.item.key, 200)
                << (row.state == RowState::Dropped ? " (dropped)" : "") << ": "
                << printable(row.reason, 300) << "\n";
    }
  };
  if (ledger != nullptr) {
    for_each(*ledger, RowState::Quarantined, tell);
    for_each(*ledger, RowState::Dropped, tell);
  }
  if (as_json) {
    const Json out{{"pipeline", printable(job.pipeline.name)}, {"messages", all}};
    std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else if (count == 0) {
    std::cout << printable(job.pipeline.name) << ": nothing is in quarantine\n";
  }
  return run::kOk;
}

int show(const Job& job) {
  const auto ledger = ledger_of(job.pipeline, job.arguments, Ledger::Open::Look);
  if (ledger == nullptr || job.keys.empty()) {
    throw Error(ErrorClass::Config, "mailpipe quarantine show: a message is needed",
                "'mailpipe quarantine ls' names them");
  }
  MessageStory story(*ledger, job.pipeline);
  Json all = Json::array();
  for (const Row& row : rows_of(*ledger, job.keys)) {
    if (job.arguments.value("format") == "json") {
      all.push_back(story.json(row));
    } else {
      std::cout << story.text(row);
    }
  }
  if (job.arguments.value("format") == "json") {
    std::cout << all.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return run::kOk;
}

/// The messages named on the command line, or with --all every one in that state.
std::vector<Row> chosen(Ledger& ledger, const Job& job, RowState state) {
  if (job.arguments.has("all") == !job.keys.empty()) {
    throw Error(ErrorClass::Config, "say which messages, or --all",
                "'mailpipe quarantine ls' names them");
  }
  std::vector<Row> out = rows_of(ledger, job.keys);
  if (job.keys.empty()) {
    for_each(ledger, state, [&](const Row& row) { out.push_back(row); });
  }
  return out;
}

int retry(const Job& job) {
  const auto locked = lock_ledger_of(job.pipeline, job.arguments);
  const auto rows = chosen(locked->ledger, job, RowState::Quarantined);
  for (Row row : rows) {
    row.state = RowState::Quarantined;
    row.tries = 0;
    locked->ledger.update(row);
  }
  locked->ledger.commit();
  std::cout << grouped(rows.size()) << (rows.size() == 1 ? " message" : " messages")
            << ": the next run offers them again\n";
  return run::kOk;
}

int drop(const Job& job) {
  const auto locked = lock_ledger_of(job.pipeline, job.arguments);
  const auto rows = chosen(locked->ledger, job, RowState::Quarantined);
  for (Row row : rows) {
    row.state = RowState::Dropped;
    locked->ledger.update(row);
  }
  locked->ledger.commit();
  std::cout << grouped(rows.size()) << (rows.size() == 1 ? " message" : " messages")
            << " dropped: no run fetches them any more, and they no longer hold removals back\n";
  return run::kOk;
}

int run(const Arguments& arguments) {
  using Word = std::pair<const char*, int (*)(const Job&)>;
  constexpr std::array kWords{Word{"ls", list}, Word{"show", show}, Word{"retry", retry},
                              Word{"drop", drop}};
  const auto& operands = arguments.operands();
  const std::string what = operands.empty() ? "" : operands.front();
  const auto* const word = std::find_if(kWords.begin(), kWords.end(),
                                        [&](const Word& one) { return one.first == what; });
  if (word == kWords.end()) {
    const std::string suggestion = config::did_you_mean(what, {"ls", "show", "retry", "drop"});
    throw Error(ErrorClass::Config,
                what.empty() ? "mailpipe quarantine: say ls, show, retry or drop"
                             : "mailpipe quarantine: unknown word '" + printable(what, 60) + "'" +
                                   (suggestion.empty() ? "" : "; " + suggestion),
                "mailpipe quarantine --help");
  }
  if (operands.size() < 2) {
    throw Error(ErrorClass::Config, "mailpipe quarantine " + what + ": a pipeline file is needed",
                "mailpipe quarantine --help");
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  return word->second({arguments,
                       pipeline_of(operands[1], catalog, selections_of("quarantine", arguments)),
                       {operands.begin() + 2, operands.end()}});
}

}  // namespace

Command quarantine_command() {
  Command command{"quarantine",
                  "ls|show|retry|drop FILE [MESSAGE...]",
                  "Shows messages that could not be stored, and settles them",
                  "",
                  {},
                  run};
  command.text =
      "ls lists them with the error that each met, show tells all of single ones.\n\n"
      "retry gives messages all their tries again, dropped ones too; the next run offers them.\n\n"
      "drop does without them: no run fetches them any more, and they no longer keep a mirror "
      "from\n"
      "removing what the server removed. Nothing changes on the server.\n\n"
      "MESSAGE is a key as ls prints it, or the server's id.\n\n"
      "Exit codes: 0 done, 1 no such message, 75 a run is going on.\n";
  command.options.flag("all", "retry, drop: every message in quarantine")
      .choice("format", {"human", "json"}, "ls, show: how to print");
  add_ledger_options(command.options);
  return command;
}

}  // namespace mailpipe::app
