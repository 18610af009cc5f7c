#pragma once

#include "run/component_host.hpp"
#include "run/components.hpp"
#include "state/ledger.hpp"

#include <mailpipe/item.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::run {

/// What became of a message that filters were tried on.
struct Tried {
  enum class Kind { Keep, Drop, Hold, Duplicate, Refused } kind = Kind::Keep;
  std::string reason;  ///< Drop: "window: before-first-run"; Refused: why
  std::chrono::sys_seconds until{};
  std::string owner;  ///< Duplicate: left out, or linked to that message
  Item item;          ///< Keep: with the name and the places that it has now
};

/// Filters without a source and sinks: a run whose messages come from the caller and whose ledger is in memory. What is
/// kept counts as stored at once.
///
/// Life cycle  Construct; host() for each filter that the caller makes; judge() in order; destroy after the filters.
/// Threads     One.
/// Errors      judge() throws what a filter throws and would end a run.
class Trial {
 public:
  Trial(Fs& fs, std::chrono::sys_seconds run_time);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// As Runner::host(). There are no secrets, and what filters log is not shown.
  Host& host(const std::string& component);

  /// `octets`: of the whole message. `own`: the filters of one sink, which judge what `filters` keep.
  Tried judge(const Item& item, std::string_view octets, const std::vector<FilterPart>& filters,
              const std::vector<FilterPart>& own);

 private:
  Cancellation cancellation_;
  Progress progress_;
  state::Ledger ledger_;
  const Runner::Services services_;
  const RunAccess access_;
  const std::chrono::sys_seconds run_time_;
  std::map<std::string, std::unique_ptr<ComponentHost>> hosts_;
};

}  // namespace mailpipe::run
