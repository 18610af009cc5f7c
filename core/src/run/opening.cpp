#include "run/opening.hpp"

#include "state/put_aside.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

namespace {

constexpr const char* kRebuildHint =
    "'mailpipe state rebuild PIPELINE' takes over what lies there; nothing is deleted or fetched "
    "twice";

std::string marker_text(const state::Ledger& ledger, const Setup& setup, const std::string& sink) {
  return nlohmann::json{
             {"mailpipe", 1}, {"pipeline", setup.pipeline}, {"sink", sink}, {"ledger", ledger.id()}}
             .dump() +
         "\n";
}

/// One member of a marker that is not ours; markers lie in folders that others may write.
std::string member(const std::string& marker, const char* name) {
  const nlohmann::json json = nlohmann::json::parse(marker, nullptr, false);
  return json.is_object() && json.contains(name) && json.at(name).is_string()
             ? printable(json.at(name).get<std::string>(), 100)
             : std::string("?");
}

bool is_ours(const std::string& marker, const SinkPart& part, const Setup& setup) {
  return member(marker, "pipeline") == setup.pipeline && member(marker, "sink") == part.id;
}

[[noreturn]] void foreign_marker(const SinkPart& part, const std::string& marker,
                                 const Setup& setup) {
  if (is_ours(marker, part, setup)) {
    throw Error(
        ErrorClass::Permanent,
        "'" + part.root + "' was filled by this pipeline, but its ledger is missing or another one",
        kRebuildHint);
  }
  throw Error(ErrorClass::Permanent,
              "'" + part.root + "' belongs to the pipeline '" + member(marker, "pipeline") + "'",
              "give every sink a folder of its own");
}

/// Takes down what lies in the sink as candidates for adoption.
void scan_sink(SinkLane& lane, state::Ledger& ledger) {
  if (!lane.part().can.scan) {
    throw Error(ErrorClass::Config, "this sink cannot tell what lies in it",
                "a ledger can be rebuilt only from sinks with the capability 'scan'");
  }
  // On the lane's thread, but nothing else uses the ledger meanwhile: do_now() waits.
  lane.do_now([&](Sink& sink) {
    sink.scan([&](const Found& file) { ledger.add_found(lane.part().id, file); });
  });
}

}  // namespace

std::unique_ptr<state::Ledger> open_ledger(const Setup& setup, const Runner::Services& services) {
  using Open = state::Ledger::Open;
  const std::filesystem::path file = state::Ledger::file_in(setup.state_dir);
  if (setup.mode == Mode::Rebuild) {
    const std::string kept = state::put_aside(services.fs, file);
    if (!kept.empty()) {
      services.log(LogLevel::Info, "engine", "the ledger before this one is kept as '" + kept + "'",
                   {});
    }
  }
  const bool exists = std::filesystem::exists(file);
  const Open how = exists                       ? Open::Existing
                   : setup.mode == Mode::DryRun ? Open::InMemory
                                                : Open::Create;
  auto ledger = std::make_unique<state::Ledger>(file, setup.pipeline, how);
  if (exists) {
    ledger->check_pages();
  }
  return ledger;
}

// A sink that no run could open yet has nothing to lose.
void refuse_if_elsewhere(const SinkPart& part, state::Ledger& ledger) {
  const auto sinks = ledger.sinks();
  const bool held = std::any_of(sinks.begin(), sinks.end(), [&](const state::Ledger::SinkRow& row) {
    return row.id == part.id && row.places + row.intents != 0;
  });
  if (held) {
    throw Error(ErrorClass::Permanent, "'" + part.root + "' is not where the backup was",
                "is its disk mounted? If it was emptied on purpose, 'mailpipe state reset --sink " +
                    part.id +
                    "' forgets what lay there; to fill a second place, give the sink a "
                    "new 'id:'");
  }
}

void open_sink(SinkLane& lane, state::Ledger& ledger, const Setup& setup) {
  const RootState root = lane.do_now([](Sink& sink) {
    sink.open(false);
    return sink.root();
  });
  const std::string ours = marker_text(ledger, setup, lane.part().id);
  if (root.marker == ours) {
    return;
  }
  if (setup.mode != Mode::Rebuild) {
    if (!root.marker.empty()) {
      foreign_marker(lane.part(), root.marker, setup);
    }
    refuse_if_elsewhere(lane.part(), ledger);
    if (!root.empty) {
      throw Error(ErrorClass::Permanent,
                  "'" + lane.part().root + "' is not empty, and no ledger says what lies there",
                  kRebuildHint);
    }
  }
  if (setup.mode == Mode::Rebuild) {
    // The marker goes last: from then on a plain run trusts the ledger, so it must know all that lies there.
    scan_sink(lane, ledger);
    ledger.commit();
  }
  lane.do_now([&](Sink& sink) { sink.mark(ours); });
}

bool look_at_root(const RootState& root, const SinkPart& part, const Setup& setup) {
  const bool has_ledger = std::filesystem::exists(state::Ledger::file_in(setup.state_dir));
  if (!root.marker.empty() && !(has_ledger && is_ours(root.marker, part, setup))) {
    foreign_marker(part, root.marker, setup);
  }
  return !root.marker.empty() || root.empty;
}

}  // namespace mailpipe::run
