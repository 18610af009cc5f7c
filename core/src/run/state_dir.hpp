#pragma once

#include <mailpipe/fs.hpp>

#include <filesystem>

namespace mailpipe::run {

/// Makes the state folder and the spool's in it, both the user's alone; before there is a ledger, its name is durable too, or
/// a power cut could take the ledger of sinks that stay.
///
/// Errors  Throws Error: Config where it cannot be made, or is another user's.
void make_state_dir(Fs& fs, const std::filesystem::path& dir);

/// Where bodies are spooled that memory has no room for.
std::filesystem::path spool_dir_in(const std::filesystem::path& state_dir);

}  // namespace mailpipe::run
