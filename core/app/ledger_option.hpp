#pragma once

#include "arguments.hpp"
#include "config/pipeline.hpp"
#include "config/selection.hpp"
#include "plugin/catalog.hpp"
#include "state/ledger.hpp"
#include "state/lock.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::app {

/// The ledger that `status` and `state show` look at.
struct FoundLedger {
  std::string name;  ///< of the pipeline
  std::filesystem::path dir;
  std::unique_ptr<state::Ledger> ledger;  ///< null when no run has made one
};

/// Opens the ledger of the pipeline file that is the operand at `index`, or of --state.
/// Errors  Error(Config) on neither or both, and where there are several; what reading the pipeline or opening the ledger throws.
FoundLedger find_ledger(const std::string& command, const Arguments& arguments, std::size_t index);

/// The same for every selected cell of a matrix.
std::vector<FoundLedger> find_ledgers(const std::string& command, const Arguments& arguments,
                                      std::size_t index);

/// A pipeline file that can be used, for commands that need more of it than its ledger.
/// Errors  Error(Config) when it has errors, which are printed first, and where there are several.
config::Pipeline pipeline_of(const std::string& file, const plugin::Catalog& catalog,
                             const std::vector<config::Selection>& select);

/// Its ledger; null when no run has made one.
std::unique_ptr<state::Ledger> ledger_of(const config::Pipeline& pipeline,
                                         const Arguments& arguments, state::Ledger::Open how);

/// A ledger that nothing else changes meanwhile.
struct LockedLedger {
  state::Lock lock;
  state::Ledger ledger;
};

/// Errors  Error(Transient) while a run goes on, Error(Config) when no run has made a ledger.
std::unique_ptr<LockedLedger> lock_ledger_of(const config::Pipeline& pipeline,
                                             const Arguments& arguments);

/// The options that find_ledger() reads.
void add_ledger_options(OptionTable& options);

}  // namespace mailpipe::app
