// What one sink lacks and another has is read there, not fetched once more. See engine.hpp.
#include "run/engine.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

// A sink that keeps an order gets what it lacks before anything new, in the order of the ledger. The source is not asked:
// what no sink can give comes later, as for any other sink.
void Engine::fill_ordered() {
  phase_ = Phase::Filling;
  bool more = true;
  while (!aborted_ && (more || !flights_.empty() || !committer_.idle())) {
    while (more && flights_.size() < kChunk) {  // each has its octets in the spool
      more = !stopping_ && fill_chunk();
    }
    committer_.begin_if_due(!more && nothing_can_join());
    if (flights_.empty() && committer_.idle()) {
      continue;
    }
    const auto deadline = committer_.due().value_or(Clock::now() + std::chrono::seconds(1));
    Inbox::Next next = inbox_.take(deadline, false);
    if (auto* task = std::get_if<Inbox::Task>(&next)) {
      (*task)();
    }
  }
  catch_up_lane_ = 0;
  reoffered_to_ = 0;
  phase_ = Phase::Listing;
}

// False: there is nothing more.
bool Engine::fill_chunk() {
  const auto gets_none = [&](std::size_t i) {
    const SinkLane& lane = *lanes_[i];
    return !lane.alive || lane.complete || !lane.part().can.ordered;
  };
  while (catch_up_lane_ < lanes_.size() && gets_none(catch_up_lane_)) {
    ++catch_up_lane_;
    reoffered_to_ = 0;
  }
  if (catch_up_lane_ == lanes_.size()) {
    return false;
  }
  const auto rows = ledger_.lacking(lanes_[catch_up_lane_]->part().id, reoffered_to_, kChunk);
  if (rows.empty()) {
    ++catch_up_lane_;
    reoffered_to_ = 0;
    return true;
  }
  reoffered_to_ = rows.back().id;
  for (const state::Row& row : rows) {
    judge(row, Origin::CatchUp);
  }
  return true;
}

// A sink has the octets of what another one lacks. False: they are to be fetched.
bool Engine::fill_from_sink(std::unique_ptr<Flight>& flight) {
  const state::Row& row = flight->row;
  if (!flight->catch_up || !row.digest) {
    return false;
  }
  const auto receipts = ledger_.receipts(row.id);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto copy = lanes_[i]->part().can.read ? copy_on(*lanes_[i], receipts) : std::nullopt;
    if (!copy || copy->digest != *row.digest) {
      continue;
    }
    flight->copied = true;
    flight->digest = *row.digest;
    Flight& here = *flight;
    fly(std::move(flight));
    read_copy(here.token, i, *copy);
    return true;
  }
  return false;
}

}  // namespace mailpipe::run
