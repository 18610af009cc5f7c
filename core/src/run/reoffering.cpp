// What comes up without being listed. See engine.hpp.
#include "run/engine.hpp"

#include <utility>

namespace mailpipe::run {

// Everything that is not a fresh listing: held messages now due, quarantined ones, rows to judge again; then what single
// sinks lack. In chunks, as far as there is room for messages on their way.
void Engine::reoffer() {
  while (flights_.size() < kMaxFlights && phase_ == Phase::Reoffering) {
    const auto rows = ledger_.to_reoffer(run_time_, reoffered_to_, kChunk);
    if (rows.empty()) {
      phase_ = Phase::CatchingUp;
      reoffered_to_ = 0;
      break;
    }
    reoffered_to_ = rows.back().id;
    for (const state::Row& row : rows) {
      const bool offered_already = row.state == state::RowState::Quarantined && row.counted == run_;
      if (!offered_already && !by_key_.contains(row.item.key) && !stopping_) {
        state::Row again = row;
        accounts_.bring(again, Accounts::Bringer::Reoffered);
        judge(std::move(again), Origin::Reoffer);
      }
    }
  }
  while (flights_.size() < kMaxFlights && phase_ == Phase::CatchingUp) {
    catch_up();
  }
}

void Engine::catch_up() {
  while (catch_up_lane_ < lanes_.size() &&
         (dry_run_ || !lanes_[catch_up_lane_]->alive || lanes_[catch_up_lane_]->complete)) {
    ++catch_up_lane_;
    reoffered_to_ = 0;
  }
  if (catch_up_lane_ == lanes_.size()) {
    phase_ = Phase::Placing;
    return;
  }
  const auto rows = ledger_.lacking(lanes_[catch_up_lane_]->part().id, reoffered_to_, kChunk);
  if (rows.empty()) {
    ++catch_up_lane_;
    reoffered_to_ = 0;
    return;
  }
  reoffered_to_ = rows.back().id;
  for (const state::Row& row : rows) {
    if (!by_key_.contains(row.item.key)) {
      judge(row, Origin::CatchUp);
    }
  }
}

}  // namespace mailpipe::run
