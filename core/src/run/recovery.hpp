#pragma once

#include "run/sink_lane.hpp"
#include "state/ledger.hpp"

namespace mailpipe::run {

/// Walks what an unclean end left behind in an open sink, by its intents: what was published whole becomes a receipt, and is
/// owed its other places; the rest is forgotten, and its stagings go. Keywords that were being changed are changed once
/// more. Of what was being taken away the receipt stays where it is still there.
///
/// Threads  The engine's; the sink works on its lane's.
/// Errors   Throws Error; the intents stay, and the next start walks them again.
void recover_sink(SinkLane& lane, state::Ledger& ledger);

}  // namespace mailpipe::run
