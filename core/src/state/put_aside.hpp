#pragma once

#include <mailpipe/fs.hpp>

#include <filesystem>
#include <string>

namespace mailpipe::state {

/// Makes room for a new ledger: the one that is there gets the name `ledger.db.before-rebuild`, or where something has it
/// already, `ledger.db.before-rebuild-2` and so on. Nothing is overwritten. Killed anywhere in it, the ledger lies under one of its
/// names with SQLite's log beside it, and to begin again is harmless. (Where a file system has no links, a kill between two
/// renames can part them.)
///
/// Threads  The state folder is locked (Lock), and nobody has the ledger open.
/// Errors   Throws Error as throw_errno() says.
///
/// Returns the name; empty when there was no ledger.
std::string put_aside(Fs& fs, const std::filesystem::path& file);

}  // namespace mailpipe::state
