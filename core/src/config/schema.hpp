#pragma once

#include "config/catalog.hpp"

#include <string>

namespace mailpipe::config {

/// One JSON Schema (draft-07) of a whole pipeline file with all component types of the catalog, for
/// editors.
std::string pipeline_schema(const Catalog& catalog);

}  // namespace mailpipe::config
