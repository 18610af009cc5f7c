// Messages at their sinks: staged, then durable, failed or quarantined. See engine.hpp.
#include "run/engine.hpp"
#include "run/places.hpp"

#include <utility>

namespace mailpipe::run {

void Engine::stage_now(Flight& flight) {
  keep_mailboxes();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Leg& leg = flight.legs[i];
    if (leg.state != Leg::State::Wanted) {
      continue;
    }
    if (!lanes_[i]->alive) {
      leg.state = Leg::State::Failed;
      continue;
    }
    ++flight.staging;
    stage_on(flight, i);
  }
  if (flight.staging == 0) {
    all_staged(flight.token);
  }
}

void Engine::stage_on(Flight& flight, std::size_t lane) {
  const Leg& leg = flight.legs[lane];
  lanes_[lane]->do_next(
      [item = as_placed(leg.item ? *leg.item : flight.item), body = flight.body,
       from = leg.link_from](Sink& sink) {
        return from ? sink.link(*from, item, item.places.at(0).id) : sink.store(item, body->view());
      },
      [this, token = flight.token, lane](const std::optional<Error>& error, Staged staged) {
        on_staged(token, lane, error, std::move(staged));
      });
}

void Engine::on_staged(std::uint64_t token, std::size_t lane, const std::optional<Error>& error,
                       Staged staged) {
  const auto found = flights_.find(token);
  if (found == flights_.end()) {
    return;
  }
  Flight& flight = *found->second;
  Leg& leg = flight.legs[lane];
  const bool refused = error && error->error_class() == ErrorClass::Item;
  if (refused && leg.link_from && flight.body && lanes_[lane]->alive) {
    leg.link_from.reset();  // what it was to be linked from is not there any more
    stage_on(flight, lane);
    return;
  }
  if (!error) {
    leg.state = Leg::State::Staged;
    leg.staged = std::move(staged);
  } else {
    leg.state = Leg::State::Failed;
    if (refused) {
      flight.item_error = lanes_[lane]->part().required ? error : flight.item_error;
    } else {
      on_lane_failed(*lanes_[lane], *error);
    }
  }
  if (--flight.staging == 0) {
    all_staged(token);
  }
}

void Engine::all_staged(std::uint64_t token) {
  std::unique_ptr<Flight> flight = take(token);
  landed(*flight);
  bool staged = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Leg& leg = flight->legs[i];
    if (!lanes_[i]->alive || flight->item_error) {
      discard(leg, i);
    }
    staged = staged || leg.state == Leg::State::Staged;
  }
  if (flight->item_error && flight->copied) {
    for (Leg& leg : flight->legs) {
      leg.state = leg.state == Leg::State::Failed ? Leg::State::Wanted : leg.state;
    }
    flights_[token] = std::move(flight);
    go_on_without(token);
  } else if (flight->item_error) {
    const Error error = *flight->item_error;
    quarantine(std::move(flight), error);
  } else if (staged) {
    ready_to_commit(std::move(flight));
  } else {
    fail(*flight, "no sink took it");
    leave(*flight);
  }
}

void Engine::landed(Flight& flight) {
  flight.body.reset();
  give_back(flight);
}

void Engine::on_lane_failed(SinkLane& lane, const Error& error) {
  if (!lane.alive) {
    return;
  }
  lane.alive = false;
  lane.complete = false;
  lane.failure = error.what();
  if (lane.part().required) {
    stop(error, "sink '" + lane.part().id + "'");
  } else {
    services_.log(LogLevel::Warn, "sink '" + lane.part().id + "'",
                  std::string(error.what()) + "; off until the next run (best effort)", {});
  }
}

// ---- ends

// In the transaction that turns intents into receipts.
void Engine::write_rows(Flight& flight) {
  bool durable = true;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (flight.legs[i].state == Leg::State::Failed) {
      durable = durable && !lanes_[i]->part().required;
      lanes_[i]->complete = false;
      ledger_.set_sink_complete(lanes_[i]->part().id, false);
    }
  }
  state::Row& row = flight.row;
  flight.durable = durable;
  settle_filters(flight, durable);
  row.digest = flight.digest;
  row.header_digest = flight.header_digest;
  if (!durable) {  // another sink may have it: what the next run needs to read it there
    ledger_.put_digests(row);
    return;
  }
  row.reason.clear();
  row.due.reset();
  row.tries = 0;
  const bool was_there = row.state != state::RowState::None && row.state != state::RowState::Gone;
  // What a single sink lacked is counted under that sink; the message itself was known.
  put(row, flight.removed ? state::RowState::Gone : state::RowState::Stored,
      flight.catch_up ? state::Outcome::Known : state::Outcome::Stored);
  ledger_.note_message_id(row.id, flight.message_id);
  if (!flight.replaces.empty()) {
    ledger_.put_successor(flight.replaces, row.item.key);
  }
  if (flight.removed) {
    if (was_there) {
      row.told_in = flight.removed_in;
      ledger_.note_gone(row);
    }
    owe_removal(row.id);
    hand_over(row.item.key);
  } else if (flight.changed || flight.item.keywords != row.item.keywords ||
             flight.item.places.size() != row.item.places.size()) {
    owe(row.id);
  }
  Checkpoints::leave(flight.group);
}

void Engine::on_settled(std::unique_ptr<Flight> flight) {
  leave(*flight);
  if (flight->durable) {
    services_.progress.stored += 1;
  } else if (flight->item_error) {
    const Error error = *flight->item_error;
    quarantine(std::move(flight), error);
  } else {
    fail(*flight, "a sink failed");
  }
}

// Filters hear once what became of what they gave a token for.
void Engine::settle_filters(Flight& flight, bool durable) {
  chain_.settle(std::exchange(flight.tokens, {}), durable);
  for (std::size_t i = 0; i < flight.legs.size(); ++i) {
    sink_chains_[i].settle(std::exchange(flight.legs[i].tokens, {}), durable);
  }
}

// It reached no state in this run: nothing is written, so the next run brings it up again.
void Engine::fail(Flight& flight, const std::string& reason) {
  if (!flight.catch_up) {
    accounts_.settle(flight.row, state::Outcome::Failed);
  }
  note(flight.row.item.key, "failed", reason);
  if (ordered_ && !flight.catch_up) {
    take_turns(order_.cut(flight.token));
  }
}

void Engine::quarantine(std::unique_ptr<Flight> flight, const Error& error) {
  landed(*flight);
  leave(*flight);
  settle_filters(*flight, false);
  note(flight->row.item.key, "quarantined", error.what());
  services_.progress.fetched += 1;
  if (flight->catch_up) {
    heed_told(*flight);
    return;  // it is stored; one sink lacks it still, and the next run offers it again
  }
  flight->row.reason = services_.redacted(error.what());
  flight->row.tries += 1;
  put(flight->row, state::RowState::Quarantined, state::Outcome::Quarantined);
  ledger_.note_message_id(flight->row.id, flight->message_id);
  Checkpoints::leave(flight->group);
  if (++quarantined_ > setup_.settings.quarantine_max) {
    stop(Error(ErrorClass::Item,
               "more than " + std::to_string(setup_.settings.quarantine_max) + " messages failed",
               "something is wrong with more than single messages; 'run: quarantine: max' sets the "
               "limit"),
         "source");
  }
}

}  // namespace mailpipe::run
