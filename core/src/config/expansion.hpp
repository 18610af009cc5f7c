#pragma once

#include "config/catalog.hpp"
#include "config/findings.hpp"
#include "config/node.hpp"
#include "config/pipeline.hpp"
#include "config/selection.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::config {

/// One pipeline of a file, and what is wrong with it alone.
struct Expanded {
  std::string name;
  std::vector<std::pair<std::string, std::string>> cell;  ///< axis, value
  std::size_t nodes = 0;                                  ///< values in it
  Findings findings;
  Pipeline pipeline;  ///< usable only without errors
};

/// Every selected pipeline of a file: one, or one for each cell of its `matrix:`. They are kept apart: no two have one
/// name, one state folder or one sink's path (MP1026, MP1027). A $command sees the secrets of no cell, selected or not.
///
/// findings  What concerns the file as a whole: nothing is usable after an error in it.
std::vector<Expanded> expand(const NodePtr& root, const std::filesystem::path& file,
                             const Catalog& catalog, const std::vector<Selection>& selections,
                             Findings& findings, Sources& sources);

}  // namespace mailpipe::config
