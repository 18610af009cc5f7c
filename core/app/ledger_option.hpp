#pragma once

#include "arguments.hpp"
#include "state/ledger.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace mailpipe::app {

/// The ledger that `status` and `state` look at.
struct FoundLedger {
  std::string name;  ///< of the pipeline
  std::filesystem::path dir;
  std::unique_ptr<state::Ledger> ledger;  ///< null when no run has made one
};

/// Opens the ledger of the pipeline file that is the operand at `index`, or of --state.
/// Errors  Error(Config) on neither or both; what reading the pipeline or opening the ledger throws.
FoundLedger find_ledger(const std::string& command, const Arguments& arguments, std::size_t index);

/// The options that find_ledger() reads.
void add_ledger_options(OptionTable& options);

}  // namespace mailpipe::app
