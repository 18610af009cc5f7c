// Messages on their way from the filters to the source. See engine.hpp; source_answers.cpp goes on.
#include "run/engine.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

void Engine::put(state::Row& row, state::RowState state, state::Outcome outcome) {
  const state::RowState before = std::exchange(row.state, state);
  accounts_.settle(row, outcome);
  if (row.id == 0) {
    row.id = ledger_.insert(row);
  } else {
    ledger_.update(row);
  }
  if (before == state::RowState::Gone && state != before) {
    ledger_.note_back(row);
  }
}

void Engine::note(const std::string& key, const char* state, const std::string& reason) {
  if (report_->items.size() < RunReport::kMaxItems) {
    report_->items.push_back({key, state, reason});
  } else {
    report_->more_items += 1;
  }
}

void Engine::judge(state::Row row, Origin origin, Checkpoints::Member group) {
  auto flight = std::make_unique<Flight>();
  flight->group = std::move(group);
  flight->item = row.item;
  ledger_.complete(flight->item);
  flight->row = std::move(row);
  flight->catch_up = origin == Origin::CatchUp;
  flight->listed = origin == Origin::Listing;
  send_on_its_way(std::move(flight));
}

// What the filters say, as far as they can without the body, and where the octets are to come from.
void Engine::send_on_its_way(std::unique_ptr<Flight> flight) {
  Chain::Result result;
  const Item before = flight->item;
  try {
    result = chain_.judge(flight->item, nullptr, 0, flight->tokens);
    const Next next = heed(*flight, result);
    if (next == Next::Ends) {
      end_here(*flight);
      return;
    }
    if (next == Next::Waits) {
      flight->item = before;
      wait_for_owner(std::move(flight));
      return;
    }
  } catch (const Error& error) {
    refuse(std::move(flight), error);
    return;
  }
  flight->next_filter = result.next;
  flight->chain_done = result.kind != Chain::Result::Kind::NeedsBody;
  if (!dry_run_ && flight->chain_done && !plan_legs(*flight)) {
    nobody_wants(*flight);
    end_here(*flight);
    return;
  }
  if (dry_run_) {
    services_.progress.wanted += 1;
    services_.progress.wanted_bytes += flight->row.item.size.value_or(0);
    put(flight->row, state::RowState::Stored, state::Outcome::Stored);
    return;
  }
  if (flight->listed) {
    hold_cursor(*flight);
  }
  if (copy_instead(flight) || follow(flight) || fill_from_sink(flight)) {
    return;
  }
  if (phase_ == Phase::Filling) {  // no sink has it: its turn comes when the source is listed
    settle_filters(*flight, false);
    return;
  }
  launch(std::move(flight));
}

// It is settled and goes to no sink; perhaps it was on its way before, and others wait for it.
void Engine::end_here(Flight& flight) {
  if (flight.token != 0) {
    leave(flight);
  }
  if (flight.catch_up) {
    heed_told(flight);
  } else {
    Checkpoints::leave(flight.group);
  }
}

// No cursor passes the message, or what is told of it on its way, before it is settled.
void Engine::hold_cursor(Flight& flight) {
  if (!flight.group) {
    flight.group = checkpoints_.join(flight.row.item.stream);
  }
}

// What was told of a stored message while it was on its way for one sink, or for a sample, whatever became of that.
void Engine::heed_told(Flight& flight) {
  if (flight.changed) {
    known(ledger_.find(flight.row.item.key), Action::Update, flight.row.item);
  }
  if (flight.removed) {
    on_removed(flight.row.item.key, flight.removed_in);
  }
  Checkpoints::leave(flight.group);
}

// A filter failed on this message.
void Engine::refuse(std::unique_ptr<Flight> flight, const Error& error) {
  if (ledger_.failed()) {
    throw error;  // not the filter's, and nothing can be decided any more
  }
  if (error.error_class() == ErrorClass::Item) {
    quarantine(std::move(flight), error);
  } else {
    fail(*flight, error.what());
    landed(*flight);
    leave(*flight);
    stop(error, "filter");
  }
}

/// What the filters decided without a sink.
void Engine::settle_verdict(Flight& flight, const Chain::Result& result) {
  state::Row& row = flight.row;
  switch (result.kind) {
    case Chain::Result::Kind::Keep:
    case Chain::Result::Kind::NeedsBody:
      return;
    case Chain::Result::Kind::Drop:
      row.reason = result.reason;
      report_->filtered_by[result.reason] += 1;
      put(row, state::RowState::Filtered, state::Outcome::Filtered);
      break;
    case Chain::Result::Kind::Hold:
      row.due = result.hold_until;
      put(row, state::RowState::Held, state::Outcome::Held);
      break;
    case Chain::Result::Kind::Duplicate:
      row.owner = result.owner;
      put(row, state::RowState::Deduplicated, state::Outcome::Deduplicated);
      break;
  }
  ledger_.note_message_id(row.id, flight.message_id);
  settle_filters(flight, true);
}

// Which sinks are to get it, as far as what is here allows to say. False: none.
bool Engine::plan_legs(Flight& flight) {
  flight.legs.resize(lanes_.size());
  std::vector<state::ReceiptRow> receipts;
  if (flight.catch_up) {
    receipts = ledger_.receipts(flight.row.id);
  }
  bool wanted = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const bool has = std::any_of(receipts.begin(), receipts.end(), [&](const state::ReceiptRow& r) {
      return r.sink == lanes_[i]->part().id;
    });
    if (!lanes_[i]->alive || has) {
      lanes_[i]->complete = lanes_[i]->complete && has;
      continue;
    }
    Leg& leg = flight.legs[i];
    leg.state = Leg::State::Wanted;
    leg.judged = lanes_[i]->part().filters.empty();
    if (!leg.judged) {
      leg.item = flight.item;
      judge_leg(leg, i, nullptr);
    }
    wanted = wanted || leg.state == Leg::State::Wanted;
  }
  return wanted;
}

// Asks the sink's own filters, which judge a copy of the item.
void Engine::judge_leg(Leg& leg, std::size_t lane, const Body* body) {
  const Chain::Result result =
      sink_chains_[lane].judge(*leg.item, body, leg.next_filter, leg.tokens);
  leg.next_filter = result.next;
  leg.judged = result.kind != Chain::Result::Kind::NeedsBody;
  if (result.kind == Chain::Result::Kind::Hold) {
    leg.state = Leg::State::Unwanted;  // the sink lacks it for now, so a later run offers it again
    lanes_[lane]->complete = false;
  } else if (result.kind == Chain::Result::Kind::Drop ||
             result.kind == Chain::Result::Kind::Duplicate) {
    leg.state = Leg::State::Filtered;
  }
}

// Every sink's own filters left it out.
void Engine::nobody_wants(Flight& flight) {
  const auto is_off = [&](const Leg& leg) {
    const auto lane = static_cast<std::size_t>(&leg - flight.legs.data());
    return leg.state == Leg::State::Unwanted && !lanes_[lane]->alive;
  };
  if (!flight.catch_up && std::any_of(flight.legs.begin(), flight.legs.end(), is_off)) {
    // A sink that failed has not said no: nothing is decided, and no cursor passes this message in this run.
    if (!flight.group) {
      checkpoints_.join(flight.row.item.stream);
    }
    flight.group.reset();  // never left
    settle_filters(flight, false);
    fail(flight, "no sink could take it");
    return;
  }
  if (!flight.catch_up) {
    flight.row.reason = "sinks: filtered";
    report_->filtered_by[flight.row.reason] += 1;
    put(flight.row, state::RowState::Filtered, state::Outcome::Filtered);
  }
  for (std::size_t i = 0; i < flight.legs.size(); ++i) {
    if (flight.legs[i].state == Leg::State::Filtered) {
      ledger_.put_receipt({.row = flight.row.id,
                           .sink = lanes_[i]->part().id,
                           .state = state::ReceiptRow::State::Filtered});
    }
  }
  settle_filters(flight, true);
}

void Engine::launch(std::unique_ptr<Flight> flight, Want want) {
  if (stopping_) {  // what was in flight may lead to more: nobody would fetch it
    fail(*flight, "not fetched");
    leave(*flight);
    return;
  }
  flight->token = flight->token != 0 ? flight->token : next_token_++;
  const Item& item = flight->row.item;
  if (want == Want::Body && !item.server_id.empty() && !flight->catch_up) {
    if (leaders_.emplace(item.server_id, flight->token).second) {
      flight->leads = item.server_id;
    }
  }
  if (want == Want::Body) {
    services_.progress.wanted += 1;
    services_.progress.wanted_bytes += item.size.value_or(0);
  }
  flight->work = {.token = flight->token,
                  .stream = item.stream,
                  .key = item.key,
                  .ref = item.ref,
                  .server_id = item.server_id,
                  .size = want == Want::Body ? item.size : std::nullopt,
                  .want = want};
  Work work = flight->work;
  fly(std::move(flight));
  queue_.push(std::move(work));
}

// A sink lacks these places of a stored message, and cannot link them to a copy that it has.
void Engine::fetch_places(const state::Row& row, std::size_t lane, std::vector<Mailbox> places) {
  if (by_key_.contains(row.item.key)) {
    return;
  }
  auto flight = std::make_unique<Flight>();
  flight->catch_up = true;
  flight->chain_done = true;
  flight->row = row;
  flight->item = row.item;
  flight->item.places = std::move(places);
  flight->legs.resize(lanes_.size());
  flight->legs[lane].state = Leg::State::Wanted;
  flight->legs[lane].judged = true;
  if (!fill_from_sink(flight)) {
    launch(std::move(flight));
  }
}

std::unique_ptr<Flight> Engine::take(std::uint64_t token) {
  auto node = flights_.extract(token);
  return node.empty() ? nullptr : std::move(node.mapped());
}

}  // namespace mailpipe::run
