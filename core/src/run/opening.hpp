#pragma once

#include "run/committer.hpp"
#include "run/runner.hpp"
#include "state/ledger.hpp"

#include <memory>

namespace mailpipe::run {

/// What must be right before the first message moves: the ledger and the sinks belong to each other.
///
/// Errors  Throws Error, with the hint 'state rebuild' where a ledger is missing, damaged or another one.

/// Opens the ledger of the state folder. Mode::Rebuild puts an older file aside and begins a new one; Mode::DryRun
/// changes nothing on disk.
std::unique_ptr<state::Ledger> open_ledger(const Setup& setup, const Runner::Services& services);

/// Opens one sink and checks its marker against the ledger; marks a new one. Mode::Rebuild first takes down what lies in it
/// as candidates for adoption.
void open_sink(SinkLane& lane, state::Ledger& ledger, const Setup& setup);

/// Throws when the ledger knows of copies in a sink whose marker is missing: its disk may not be mounted.
void refuse_if_elsewhere(const SinkPart& part, state::Ledger& ledger);

/// The same as open_sink(), only looking: false when a run would refuse what lies there before `state rebuild` took it over.
/// Throws when the sink is another pipeline's, or ours and the ledger is missing.
bool look_at_root(const RootState& root, const SinkPart& part, const Setup& setup);

}  // namespace mailpipe::run
