// The order in which messages reach sinks that keep one. See engine.hpp and order.hpp.
#include "run/engine.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

/// The message is on its way from here on.
void Engine::fly(std::unique_ptr<Flight> flight) {
  flight->token = flight->token != 0 ? flight->token : next_token_++;
  const bool in_line = ordered_ && flight->purpose == Flight::Purpose::Store;
  if (in_line && !order_.join(flight->row.item.stream, flight->token)) {
    comes_late(flight->token);
  }
  by_key_[flight->row.item.key] = flight.get();
  flights_[flight->token] = std::move(flight);
}

/// Its octets are here.
void Engine::stage(Flight& flight) {
  if (!ordered_) {
    stage_now(flight);
    return;
  }
  const std::uint64_t token = flight.token;
  order_.join(flight.row.item.stream, token);
  late_.erase(token);
  const Order::Turns turns = order_.here(token);
  if (!late_.empty() &&
      std::find(turns.stage.begin(), turns.stage.end(), token) == turns.stage.end()) {
    give_back(flight);
  }
  take_turns(turns);
}

void Engine::take_turns(const Order::Turns& turns) {
  for (const std::uint64_t token : turns.stage) {
    const auto found = flights_.find(token);
    if (found != flights_.end()) {
      stage_now(*found->second);
    }
  }
  for (const std::uint64_t token : turns.commit) {
    if (auto flight = take(token)) {
      committer_.add(std::move(flight));
    }
  }
  for (const std::uint64_t token : turns.fail) {
    if (const auto flight = take(token)) {
      for (std::size_t i = 0; i < flight->legs.size(); ++i) {
        discard(flight->legs[i], i);
      }
      landed(*flight);
      fail(*flight, "what comes before it was not stored");
      leave(*flight);
    }
  }
}

/// Gives up what one sink has staged of a message.
void Engine::discard(Leg& leg, std::size_t lane) {
  if (leg.state == Leg::State::Staged) {
    lanes_[lane]->do_next([stage = leg.staged](Sink& sink) { sink.discard(stage); },
                          [](const std::optional<Error>&) {});
    leg.state = Leg::State::Failed;
  }
}

void Engine::ready_to_commit(std::unique_ptr<Flight> flight) {
  if (!ordered_) {
    committer_.add(std::move(flight));
    return;
  }
  const std::uint64_t token = flight->token;
  flights_[token] = std::move(flight);
  take_turns(order_.staged(token));
}

// Works are handed out in the order in which messages stand in line, so whoever is behind finds those before it on their way.
// Not so one that is fetched once more: the bodies that wait for it must not take its room.
void Engine::comes_late(std::uint64_t token) {
  if (!ordered_) {
    return;
  }
  late_.insert(token);
  for (const auto& [other, flight] : flights_) {
    if (flight->body) {
      give_back(*flight);
    }
  }
}

/// Its body no longer counts in the limits of the queue.
void Engine::give_back(Flight& flight) {
  if (std::exchange(flight.shared, false)) {
    queue_.release(FetchQueue::share(flight.work));
  }
}

}  // namespace mailpipe::run
