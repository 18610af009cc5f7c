#include "assembly.hpp"
#include "command.hpp"
#include "figures.hpp"
#include "ledger_option.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace mailpipe::app {

namespace {

/// What one call is to forget.
struct Wish {
  bool cursors = false, filtered = false;
  std::vector<std::string> streams, sinks;

  bool empty() const { return !cursors && !filtered && streams.empty() && sinks.empty(); }
};

Wish wish_of(const Arguments& arguments) {
  Wish wish{.cursors = arguments.has("cursors"),
            .filtered = arguments.has("filtered"),
            .streams = arguments.values("stream"),
            .sinks = arguments.values("sink")};
  if (wish.empty() || arguments.operands().size() != 2) {
    throw Error(ErrorClass::Config,
                "mailpipe state reset: one pipeline file is needed, and what to forget",
                "--cursors, --stream NAME, --filtered or --sink ID");
  }
  return wish;
}

/// On a terminal the user is asked; elsewhere --yes must stand there.
bool confirmed(const Arguments& arguments) {
  if (arguments.has("yes")) {
    return true;
  }
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    throw Error(ErrorClass::Config, "nobody is here to confirm that", "say --yes");
  }
  std::cout << "Go on? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::vector<state::Ledger::StreamRow> streams_named(state::Ledger& ledger,
                                                    const std::string& name) {
  std::vector<state::Ledger::StreamRow> out;
  for (auto& stream : ledger.streams()) {
    if (stream.name == name || stream.label == name) {
      out.push_back(std::move(stream));
    }
  }
  if (out.empty()) {
    throw Error(ErrorClass::Config, "there is no stream '" + printable(name, 200) + "'",
                "'mailpipe state show' names them");
  }
  return out;
}

// Only what was emptied is forgotten: over files that no receipt names the next run would store everything again.
void check_empty(const run::SinkPart& part) {
  if (!part.can.scan) {
    throw Error(ErrorClass::Config, "the sink '" + part.id + "' cannot tell whether it is empty",
                "'mailpipe state rebuild' takes over what lies there");
  }
  part.sink->open(true);
  part.sink->scan([&](const Found& found) {
    throw Error(
        ErrorClass::Config,
        "'" + part.root + "' still has messages, such as '" + printable(found.location, 200) + "'",
        "move the folder away first; or 'mailpipe state rebuild' takes over what lies there");
  });
}

void check_sinks(const Wish& wish, const config::Pipeline& pipeline, const plugin::Catalog& catalog,
                 const Arguments& arguments) {
  run::Cancellation cancellation;
  const Log log(Log::Form::Text, LogLevel::Error);
  RunOptions options;
  options.state_dir = arguments.value("state");
  with_parts(
      pipeline, catalog, options, cancellation, log,
      [&](run::Runner&, const run::Setup&, const run::Components& components) {
        for (const std::string& id : wish.sinks) {
          const auto part = std::find_if(components.sinks.begin(), components.sinks.end(),
                                         [&](const run::SinkPart& one) { return one.id == id; });
          if (part == components.sinks.end()) {
            throw Error(ErrorClass::Config, "the pipeline has no sink '" + printable(id, 100) + "'",
                        "'mailpipe state show' names them");
          }
          check_empty(*part);
        }
        return run::kOk;
      });
}

/// What is to be forgotten, and what that means; streams that do not exist are an error.
void announce(const Wish& wish, state::Ledger& ledger) {
  if (wish.cursors) {
    std::cout << "all cursors: the next run lists everything again\n";
  }
  for (const std::string& name : wish.streams) {
    std::cout << "the cursor of " << printable(streams_named(ledger, name).front().label, 200)
              << ": the next run lists it again\n";
  }
  if (wish.filtered) {
    std::cout << grouped(ledger.count(state::RowState::Filtered) +
                         ledger.count(state::RowState::Held))
              << " filtered and held messages: the next run judges them again\n";
  }
  for (const std::string& id : wish.sinks) {
    for (const auto& sink : ledger.sinks()) {
      if (sink.id == id) {
        std::cout << grouped(sink.places) << " copies on sink " << printable(id, 100)
                  << ": the next run fills it again with what the server or another sink has\n";
      }
    }
  }
}

void forget(const Wish& wish, state::Ledger& ledger) {
  if (wish.cursors) {
    ledger.clear_cursors();
  }
  for (const std::string& name : wish.streams) {
    for (const auto& stream : streams_named(ledger, name)) {
      ledger.clear_cursor(stream.id);
    }
  }
  if (wish.filtered) {
    ledger.judge_all_again();
  }
  for (const std::string& id : wish.sinks) {
    ledger.forget_sink(id);
  }
  ledger.commit();
}

}  // namespace

int reset_state(const Arguments& arguments) {
  const Wish wish = wish_of(arguments);
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const config::Pipeline pipeline =
      pipeline_of(arguments.operands()[1], catalog, selections_of("state", arguments));
  const auto locked = lock_ledger_of(pipeline, arguments);
  if (!wish.sinks.empty()) {
    check_sinks(wish, pipeline, catalog, arguments);
  }
  announce(wish, locked->ledger);
  if (!confirmed(arguments)) {
    std::cout << "nothing was changed\n";
    return run::kFailure;
  }
  forget(wish, locked->ledger);
  std::cout << "done; no message was touched\n";
  return run::kOk;
}

}  // namespace mailpipe::app
