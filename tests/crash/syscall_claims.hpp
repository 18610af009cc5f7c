#pragma once

#include "crash/syscall_ledger.hpp"

#include <string>
#include <vector>

namespace mailpipe::test {

/// Keys of what a ledger calls stored although a sync of a sink failed that it needed.
///
/// `call`    The one that failed, as in TracedEnd.
/// `before`  The ledger when the call came and all other threads had come to rest: what is told in it was synced.
/// `after`   The ledger when the run had ended.
///
/// The next batch is staged while one is published (ARCHITECTURE.md, Commit). What had an intent by then may be told of
/// unless the call was one of those that publish it; what had none may not.
std::vector<std::string> claimed_in_vain(const std::string& call, const LedgerText& before,
                                         const LedgerText& after);

}  // namespace mailpipe::test
