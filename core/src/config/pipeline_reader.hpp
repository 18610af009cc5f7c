#pragma once

#include "config/catalog.hpp"
#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"

#include <filesystem>

namespace mailpipe::config {

/// Checks and reads one pipeline whose variables are replaced: everything but parsing and expanding. It is usable only
/// if no error was added.
Pipeline read_pipeline(const Node& root, const std::filesystem::path& file, const Catalog& catalog,
                       Findings& findings, Sources& sources);

}  // namespace mailpipe::config
