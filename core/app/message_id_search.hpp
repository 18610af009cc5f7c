#pragma once

#include "run/components.hpp"
#include "state/ledger.hpp"

#include <cstdint>
#include <vector>

namespace mailpipe::app {

/// Reads the headers of the copies of messages whose Message-ID the ledger does not have: files that were adopted, and what
/// earlier versions stored. Opens the sinks for reading. Slow where there are many; a sink that cannot be opened is passed over.
std::vector<state::Row> search_message_id(std::uint64_t hash, state::Ledger& ledger,
                                          const run::Components& components);

}  // namespace mailpipe::app
