#include "run/accounts.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe::run {

namespace {

std::uint64_t& right(Counts& counts, state::Outcome outcome) {
  switch (outcome) {
    case state::Outcome::Known:
      return counts.known;
    case state::Outcome::Updated:
      return counts.updated;
    case state::Outcome::Filtered:
      return counts.filtered;
    case state::Outcome::Held:
      return counts.held;
    case state::Outcome::Deduplicated:
      return counts.deduped;
    case state::Outcome::Stored:
      return counts.stored;
    case state::Outcome::Quarantined:
      return counts.quarantined;
    case state::Outcome::Gone:
      return counts.gone;
    case state::Outcome::Failed:
      return counts.failed;
    case state::Outcome::None:
      break;
  }
  throw Error(ErrorClass::Internal, "a message was settled as nothing");
}

}  // namespace

void Accounts::bring(state::Row& row, Bringer by) {
  if (row.counted == run_) {
    return;
  }
  row.counted = run_;
  row.outcome = state::Outcome::None;
  Counts& counts = streams_[row.item.stream];
  (by == Bringer::Listed    ? counts.listed
   : by == Bringer::Removed ? counts.removed
                            : counts.reoffered) += 1;
}

void Accounts::settle(state::Row& row, state::Outcome outcome) {
  if (row.counted != run_) {
    return;  // a catch-up of one sink: counted there
  }
  Counts& counts = streams_[row.item.stream];
  if (row.outcome != state::Outcome::None) {
    if (outcome == state::Outcome::Known || outcome == row.outcome) {
      return;
    }
    right(counts, row.outcome) -= 1;
  }
  row.outcome = outcome;
  right(counts, outcome) += 1;
}

Counts Accounts::total() const {
  Counts sum;
  for (const auto& [stream, counts] : streams_) {
    sum += counts;
  }
  return sum;
}

}  // namespace mailpipe::run
