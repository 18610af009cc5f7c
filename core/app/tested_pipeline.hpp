#pragma once

#include "config/pipeline.hpp"
#include "plugin/catalog.hpp"

#include <string>
#include <vector>

namespace mailpipe::app {

/// A verdict that is not the expected one.
struct Difference {
  config::Mark at;            ///< of what was expected
  std::string key;            ///< of the message
  std::string expected, got;  ///< "hold until 2026-01-02T12:00:00Z"
};

/// Runs one test of a pipeline through filters made for it: no source, no sink, no secret. Empty: it passed.
/// Errors  plugin::Refused; Error when a filter refuses its options, or a file cannot be read.
std::vector<Difference> run_test(const config::Pipeline& pipeline, const config::TestSpec& test,
                                 const plugin::Catalog& catalog);

}  // namespace mailpipe::app
