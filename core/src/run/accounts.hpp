#pragma once

#include "run/report.hpp"
#include "state/row.hpp"

#include <cstdint>
#include <map>

namespace mailpipe::run {

/// Counts every key of a run exactly once: on the left by what first brought it up, on the right by what became of it. A
/// key that was known and is then stored, updated, ... moves over; nothing else does.
class Accounts {
 public:
  enum class Bringer { Listed, Removed, Reoffered };

  explicit Accounts(std::int64_t run) : run_(run) {}

  /// First call for a key in this run counts it on the left; later ones do nothing.
  void bring(state::Row& row, Bringer by);

  /// Counts the key on the right. A weaker later outcome (Known) never replaces an earlier one.
  void settle(state::Row& row, state::Outcome outcome);

  const std::map<StreamId, Counts>& streams() const noexcept { return streams_; }

  Counts total() const;

 private:
  std::int64_t run_;
  std::map<StreamId, Counts> streams_;
};

}  // namespace mailpipe::run
