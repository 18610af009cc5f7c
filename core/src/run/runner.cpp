#include "run/runner.hpp"

#include "run/component_host.hpp"
#include "run/engine.hpp"
#include "run/exit_code.hpp"
#include "run/opening.hpp"
#include "run/recovery.hpp"
#include "run/state_dir.hpp"
#include "spool/sha256.hpp"
#include "state/lock.hpp"

#include <mailpipe/file.hpp>

#include <fcntl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace mailpipe::run {

namespace {

/// Events that may wait between the source and the engine.
constexpr std::size_t kMaxEvents = 512;

}  // namespace

struct Runner::Impl {
  Impl(Setup the_setup, Services the_services)
      : setup(std::move(the_setup)),
        services(std::move(the_services)),
        started(services.now()) {}

  void open_sinks();
  void follow_its_rule(const SinkPart& part) const;
  void follow_its_options(const SinkPart& part) const;
  void recover();
  void judge_again_if_options_changed();
  void finish(RunReport& report);
  std::uint64_t left_alone(const std::string& sink) const;
  void write_end(RunReport& report) const;

  const Setup setup;
  const Services services;
  const std::chrono::sys_seconds started;
  state::Ledger* ledger = nullptr;  // null outside a run
  RunAccess access;                 // for the hosts
  std::map<std::string, std::unique_ptr<ComponentHost>> hosts;

  // of one run, in the order in which they depend on each other
  const Components* components = nullptr;
  std::unique_ptr<state::Lock> lock;
  std::unique_ptr<state::Ledger> own_ledger;
  Inbox inbox{kMaxEvents};
  Committer::Lanes lanes;
};

Runner::Runner(Setup setup, Services services)
    : impl_(std::make_unique<Impl>(std::move(setup), std::move(services))) {}

Runner::~Runner() = default;

Host& Runner::host(const std::string& component) {
  auto& host = impl_->hosts[component];
  if (!host) {
    host =
        std::make_unique<ComponentHost>(component, impl_->services, impl_->started, impl_->access);
  }
  return *host;
}

void Runner::Impl::open_sinks() {
  for (const SinkPart& part : components->sinks) {
    lanes.push_back(std::make_unique<SinkLane>(part, inbox));
    SinkLane& lane = *lanes.back();
    try {
      open_sink(lane, *ledger, setup);
    } catch (Error& error) {
      error.detail("component", "sink '" + part.id + "'");
      if (part.required) {
        throw;
      }
      lane.alive = false;
      lane.failure = error.what();
      services.log(LogLevel::Warn, "sink '" + part.id + "'",
                   std::string(error.what()) + "; off until the next run (best effort)", {});
    }
    follow_its_options(part);
    follow_its_rule(part);
    const auto complete = ledger->sink_complete(part.id);
    lane.complete = complete ? *complete : !ledger->any_stored();
    ledger->set_sink_complete(part.id, lane.complete);
  }
}

// A new sink needs all mailboxes; one whose rule of removals changed owes what it kept until now.
void Runner::Impl::follow_its_rule(const SinkPart& part) const {
  const std::string name = "on_remove:" + part.id;
  const std::string rule = part.on_remove == OnRemove::Keep ? "keep" : "mirror";
  const auto before = ledger->meta(name);
  if (!before) {
    ledger->set_meta("mailboxes_made", "not all");
  } else if (*before != rule) {
    ledger->owe_all(part.id);
    ledger->judge_orphans_again();  // the copies that they stand on are to go
  }
  if (before != rule) {
    ledger->set_meta(name, rule);
  }
}

// What a sink writes of a message beside its octets depends on its options: an old folder gets sidecars when they are
// turned on.
void Runner::Impl::follow_its_options(const SinkPart& part) const {
  const std::string name = "options:" + part.id;
  const std::string now = spool::to_hex(spool::sha256(part.options));
  const auto before = ledger->meta(name);
  if (!part.can.metadata || before == now) {
    return;
  }
  if (before || ledger->meta("on_remove:" + part.id)) {
    ledger->owe_all(part.id);
  }
  ledger->set_meta(name, now);
}

void Runner::Impl::recover() {
  bool open = false;
  for (const auto& lane : lanes) {
    open = open || !ledger->intents(lane->part().id).empty();
  }
  for (const auto& lane : lanes) {
    if (lane->alive) {
      recover_sink(*lane, *ledger);
    }
    if (open) {  // a message may be whole on one sink and not on another
      lane->complete = false;
      ledger->set_sink_complete(lane->part().id, false);
    }
  }
  ledger->settle_in_flight();
  if (open) {
    ledger->commit();
  }
}

void Runner::Impl::judge_again_if_options_changed() {
  // Only a digest: the options name files, commands and accounts, which have no business in the ledger.
  const std::string now = spool::to_hex(spool::sha256(setup.fingerprint));
  if (ledger->meta("fingerprint").value_or(now) != now) {
    services.log(LogLevel::Info, "engine",
                 "options changed: filtered and held messages are judged again", {});
    ledger->judge_all_again();
    for (const SinkPart& sink : components->sinks) {
      ledger->owe_all(sink.id);  // filters may give places other names now
      if (!sink.filters.empty()) {
        ledger->forget_filtered(sink.id);
        ledger->set_sink_complete(sink.id, false);
      }
    }
    for (const auto& lane : lanes) {
      lane->complete = lane->complete && lane->part().filters.empty();
    }
    ledger->set_meta("mailboxes_made", "not all");
  }
  ledger->set_meta("fingerprint", now);
  std::string rules;
  for (const FilterPart& filter : components->filters) {
    rules += filter.owners;
  }
  const std::string rule = spool::to_hex(spool::sha256(rules));
  if (ledger->meta("duplicates").value_or(rule) != rule) {
    ledger->judge_all_duplicates_again();
  }
  ledger->set_meta("duplicates", rule);
}

RunReport Runner::run(const Components& components) {
  Impl& in = *impl_;
  in.components = &components;
  RunReport report;
  report.pipeline = in.setup.pipeline;
  report.dry_run = in.setup.mode == Mode::DryRun;
  report.started = in.started;
  const auto begin = std::chrono::steady_clock::now();
  const std::filesystem::path spool_dir = spool_dir_in(in.setup.state_dir);
  try {
    const bool touch = !report.dry_run || std::filesystem::exists(in.setup.state_dir);
    if (touch) {
      make_state_dir(in.services.fs, in.setup.state_dir);
      in.lock = std::make_unique<state::Lock>(in.setup.state_dir);
    }
    in.own_ledger = open_ledger(in.setup, in.services);
    in.ledger = in.own_ledger.get();
    in.access = {.ledger = in.ledger, .archive = components.archive(), .on_its_way = {}};
    if (!report.dry_run) {
      in.open_sinks();
      in.recover();
    }
    in.judge_again_if_options_changed();
    // A dry run that finds no state folder makes none; it fetches no body either.
    const File dir =
        open_dir(in.services.fs, AT_FDCWD,
                 touch ? spool_dir.string() : std::filesystem::temp_directory_path().string());
    spool::Spool spool(in.services.fs, dir, in.setup.settings.memory);
    {
      Engine engine(
          {in.setup, in.services, components, *in.ledger, in.inbox, in.lanes, spool, in.started});
      in.access.on_its_way = [&](std::string_view key) { return engine.on_its_way(key); };
      engine.run(report);
      in.access.on_its_way = nullptr;
    }
    if (!in.ledger->failed()) {
      in.finish(report);
    }
  } catch (const Error& error) {
    std::string component;
    for (const auto& [name, value] : error.details()) {
      component = name == "component" ? value : component;
    }
    report.errors.push_back(
        {error.error_class(), error.what(), error.hint(), component, error.details()});
  } catch (const std::exception& error) {
    report.errors.push_back({ErrorClass::Internal, error.what(), "", "engine", {}});
  }
  in.inbox.close();
  in.lanes.clear();  // joins their threads before what they use goes
  report.ended = in.services.now();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  in.write_end(report);
  in.access = {};
  in.ledger = nullptr;
  in.own_ledger.reset();
  in.lock.reset();
  return report;
}

/// Names what a rebuild found and the source did not list. How many there are.
std::uint64_t Runner::Impl::left_alone(const std::string& sink) const {
  constexpr std::size_t kNamed = 20;
  for (const std::string& location : ledger->found_locations(sink, kNamed)) {
    services.log(LogLevel::Warn, "sink '" + sink + "'",
                 "'" + location + "' belongs to no message on the server; it stays as it is", {});
  }
  return ledger->count_found(sink);
}

void Runner::Impl::finish(RunReport& report) {
  const bool listed_all = report.errors.empty() && services.cancellation.signal() == 0;
  for (const auto& lane : lanes) {
    if (lane->alive && !lane->complete && report.errors.empty()) {
      lane->complete = ledger->lacking(lane->part().id, 0, 1).empty();
    }
    ledger->set_sink_complete(lane->part().id, lane->complete);
    report.sinks.push_back({.id = lane->part().id,
                            .required = lane->part().required,
                            .stored = lane->stored,
                            .adopted = lane->adopted,
                            .caught_up = lane->caught_up,
                            .bytes = lane->bytes,
                            .linked = lane->linked,
                            .updated = lane->updated,
                            .removed = lane->removed,
                            .owed = ledger->count_owed(lane->part().id),
                            .error = lane->failure});
    if (listed_all && ledger->has_found()) {
      report.sinks.back().left_alone = left_alone(lane->part().id);
    }
  }
  if (listed_all && ledger->has_found()) {
    ledger->clear_found();
  }
  for (const auto& [name, host] : hosts) {
    for (const auto& [counter, value] : host->counters()) {
      report.counters[std::string(name).append(".").append(counter)] += value;
    }
  }
  report.held = ledger->count(state::RowState::Held);
  report.quarantined = ledger->count(state::RowState::Quarantined);
}

void Runner::Impl::write_end(RunReport& report) const {
  int code = kOk;
  for (const ErrorReport& error : report.errors) {
    code = worst(code, exit_code(error.error_class));
  }
  if (report.quarantined > 0) {
    code = worst(code, kQuarantined);
  }
  if (!report.counts.adds_up()) {
    report.errors.push_back({ErrorClass::Internal,
                             "the counts of this run do not add up",
                             "please report this, with the report file",
                             "engine",
                             {}});
    code = worst(code, kFailure);
  }
  if (const int signal = services.cancellation.signal(); signal != 0) {
    code = 128 + signal;
  }
  report.exit_code = code;
  if (ledger == nullptr || report.run == 0 || ledger->failed()) {
    return;
  }
  try {
    if (report.dry_run) {
      ledger->rollback();
    } else {
      ledger->end_run(static_cast<std::int64_t>(report.run), report.ended, code,
                      services.redacted(to_json(report).dump()));
      ledger->commit();
    }
  } catch (const Error& error) {
    report.errors.push_back({error.error_class(), error.what(), error.hint(), "ledger", {}});
    report.exit_code = worst(code, exit_code(error.error_class()));
  }
}

}  // namespace mailpipe::run
