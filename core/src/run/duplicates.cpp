// Messages that a filter calls the same as another one. See engine.hpp and ARCHITECTURE.md, "Duplicates".
#include "run/engine.hpp"
#include "run/places.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

/// What the filters said. Ends: it is settled without a sink. Waits: what it duplicates is on its way; whether that comes to
/// be stored decides.
Engine::Next Engine::heed(Flight& flight, const Chain::Result& result) {
  if (flight.catch_up) {
    return Next::Go;  // that it is stored was decided long ago
  }
  flight.row.reason.clear();
  flight.row.due.reset();
  if (!flight.row.owner.empty()) {
    flight.replaces = std::exchange(flight.row.owner, {});
  }
  flight.owner = result.owner;
  if (result.owner == flight.row.item.key) {
    throw Error(ErrorClass::Item, "a filter calls it a duplicate of itself",
                "this is a bug in the filter");
  }
  if (!result.owner.empty()) {
    if (const auto owner = by_key_.find(result.owner); owner != by_key_.end()) {
      if (waits_for(owner->second->token, flight.token)) {
        throw Error(ErrorClass::Item, "a filter calls it a duplicate of '" + result.owner +
                                          "', and that one a duplicate of it");
      }
      return Next::Waits;
    }
    if (!ledger_.stored_as(result.owner, components_.archive())) {
      throw Error(ErrorClass::Item,
                  "a filter calls it a duplicate of '" + result.owner + "', which is not stored");
    }
  }
  settle_verdict(flight, result);
  const bool goes_on =
      result.kind == Chain::Result::Kind::Keep || result.kind == Chain::Result::Kind::NeedsBody;
  return goes_on ? Next::Go : Next::Ends;
}

// Whether it waits for the other one, or for one that does.
bool Engine::waits_for(std::uint64_t token, std::uint64_t other) const {
  const auto behind = followers_.find(other);
  return behind != followers_.end() &&
         std::any_of(behind->second.begin(), behind->second.end(),
                     [&](std::uint64_t one) { return one == token || waits_for(token, one); });
}

// It takes no turn and no room meanwhile: what it waits for may stand behind it.
void Engine::wait_for_owner(std::unique_ptr<Flight> flight) {
  if (flight->listed) {
    hold_cursor(*flight);
  }
  give_back(*flight);
  flight->token = flight->token != 0 ? flight->token : next_token_++;
  flight->waits = true;
  const std::uint64_t token = flight->token;
  followers_[by_key_.at(flight->owner)->token].push_back(token);
  by_key_[flight->row.item.key] = flight.get();
  flights_[token] = std::move(flight);
  if (ordered_) {
    take_turns(order_.leave(token));
  }
}

// What it waited for is durable, or came to nothing: the filters are asked again.
void Engine::go_on_after_owner(std::unique_ptr<Flight> flight) {
  flight->waits = false;
  flight->owner.clear();
  if (!flight->body) {
    by_key_.erase(flight->row.item.key);
    send_on_its_way(std::move(flight));
    return;
  }
  const std::uint64_t token = flight->token;
  Flight& here = *(flights_[token] = std::move(flight));
  on_octets(here);
}

// The message is gone, and a mirror will take its copies away: what was left out because of it is offered again, the oldest
// first, and durable before that. In an archive the copies stay, and the verdict with them.
void Engine::hand_over(const std::string& owner) {
  if (!components_.archive()) {
    ledger_.judge_duplicates_again(owner);
  }
}

// Where a duplicate has taken the place of a message that was removed: if that one comes back, its copies must not.
bool Engine::has_successor(const state::Row& row) {
  return row.state == state::RowState::Gone && !row.owner.empty() &&
         ledger_.stored_as(row.owner, false).has_value();
}

// A linked duplicate: sinks that can link need no second copy.
void Engine::link_to_owner(Flight& flight) {
  if (flight.owner.empty() || flight.catch_up || as_placed(flight.item).places.size() != 1) {
    return;
  }
  const auto receipts = ledger_.receipts(ledger_.find(flight.owner).id);
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (flight.legs[i].state == Leg::State::Wanted && lanes_[i]->part().can.link) {
      flight.legs[i].link_from = copy_on(*lanes_[i], receipts);
    }
  }
}

}  // namespace mailpipe::run
