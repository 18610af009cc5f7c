#include "assembly.hpp"
#include "command.hpp"
#include "ledger_option.hpp"
#include "message_id_search.hpp"
#include "message_story.hpp"
#include "pipeline_run.hpp"
#include "plugin/search_path.hpp"
#include "run/exit_code.hpp"
#include "spool/message_id.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <iostream>

namespace mailpipe::app {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMost = 1000;

/// `text` as a file beneath a sink's root: what the ledger calls it. Empty: it lies elsewhere.
std::string location_in(const std::string& root, const std::string& text) {
  const std::string path = std::filesystem::absolute(text).lexically_normal().string();
  const std::string base = std::filesystem::absolute(root).lexically_normal().string() + "/";
  return path.starts_with(base) ? path.substr(base.size()) : std::string();
}

/// One question of the command line.
class Question {
 public:
  Question(state::Ledger& ledger, const config::Pipeline& pipeline, const plugin::Catalog& catalog)
      : ledger_(ledger),
        pipeline_(pipeline),
        catalog_(catalog) {}

  std::vector<state::Row> ask(const std::string& text) const {
    auto rows = ledger_.find_named(text, kMost);
    if (rows.empty()) {
      rows = lying_at(text);
    }
    const auto hash = spool::message_id_hash(text);
    if (rows.empty() && hash) {
      rows = ledger_.find_message_id(*hash, kMost);
    }
    if (rows.empty() && hash && text.find('@') != std::string::npos) {
      rows = search(*hash);
    }
    return rows;
  }

 private:
  std::vector<state::Row> lying_at(const std::string& text) const {
    for (const config::SinkSpec& sink : pipeline_.sinks) {
      const std::string location = location_in(root_of(sink), text);
      auto rows =
          location.empty() ? std::vector<state::Row>() : ledger_.find_lying_at(location, kMost);
      if (!rows.empty()) {
        return rows;
      }
    }
    return text.empty() ? std::vector<state::Row>() : ledger_.find_lying_at(text, kMost);
  }

  std::vector<state::Row> search(std::uint64_t hash) const {
    std::vector<state::Row> out;
    if (ledger_.without_message_id(0, 1).empty()) {
      return out;
    }
    run::Cancellation cancellation;
    const Log log(Log::Form::Text, LogLevel::Error);
    with_parts(pipeline_, catalog_, {}, cancellation, log,
               [&](run::Runner&, const run::Setup&, const run::Components& components) {
                 out = search_message_id(hash, ledger_, components);
                 return run::kOk;
               });
    return out;
  }

  state::Ledger& ledger_;
  const config::Pipeline& pipeline_;
  const plugin::Catalog& catalog_;
};

void print(const std::string& asked, const std::vector<state::Row>& rows, MessageStory& story) {
  if (rows.empty()) {
    std::cout << printable(asked)
              << ": not known\n  no message has this key, server id, file or Message-ID; one that "
                 "was never read is known by\n  key and server id only\n";
  }
  for (const state::Row& row : rows) {
    std::cout << story.text(row);
  }
}

int run(const Arguments& arguments) {
  if (arguments.operands().size() < 2) {
    throw Error(ErrorClass::Config, "mailpipe why: a pipeline file and a message are needed",
                "mailpipe why --help");
  }
  const plugin::Catalog catalog(plugin::search_path(arguments.values("plugin-dir")));
  const config::Pipeline pipeline =
      pipeline_of(arguments.operands().front(), catalog, selections_of("why", arguments));
  auto ledger = ledger_of(pipeline, arguments, state::Ledger::Open::Look);
  if (ledger == nullptr) {  // no run yet: nothing is known
    ledger = std::make_unique<state::Ledger>("", pipeline.name, state::Ledger::Open::InMemory);
  }
  const Question question(*ledger, pipeline, catalog);
  MessageStory story(*ledger, pipeline);
  const bool as_json = arguments.value("format") == "json";
  Json answers = Json::array();
  int code = run::kOk;
  for (auto asked = arguments.operands().begin() + 1; asked != arguments.operands().end();
       ++asked) {
    const auto rows = question.ask(*asked);
    code = rows.empty() ? run::kFailure : code;
    if (!as_json) {
      print(*asked, rows, story);
      continue;
    }
    Json messages = Json::array();
    for (const state::Row& row : rows) {
      messages.push_back(story.json(row));
    }
    answers.push_back({{"asked", printable(*asked)}, {"messages", std::move(messages)}});
  }
  if (as_json) {
    const Json out{{"pipeline", printable(pipeline.name)}, {"answers", answers}};
    std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return code;
}

}  // namespace

Command why_command() {
  Command command{
      "why", "FILE MESSAGE...", "Says what became of a message, why, and where it lies", "", {},
      run};
  command.text =
      "MESSAGE is its key (as reports name it), the server's id of it, a file in a destination, "
      "or\n"
      "its Message-ID, with or without <>. A run may go on meanwhile; nothing is contacted.\n\n"
      "Examples:\n"
      "  mailpipe why backup.yaml '<20240131.ab12@example.org>'\n"
      "  mailpipe why backup.yaml ~/Mail/INBOX/cur/1706702400.mp.x:2,S\n"
      "  mailpipe why --format json backup.yaml M42\n\n"
      "Exit codes: 0 known, 1 not known.\n";
  command.options.choice("format", {"human", "json"}, "how to print");
  add_ledger_options(command.options);
  return command;
}

}  // namespace mailpipe::app
