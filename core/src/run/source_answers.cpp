// What the source says of the messages it was asked for. See engine.hpp; landing.cpp goes on.
#include "run/engine.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

namespace {

/// So often may one message fail for a reason that should pass, while others go through.
constexpr int kMaxTransientTries = 8;
constexpr int kMaxItemTries = 3;

}  // namespace

void Engine::on_body(std::uint64_t token, std::shared_ptr<const spool::SpooledBody> body) {
  const auto found = flights_.find(token);
  if (found == flights_.end()) {
    return;
  }
  Flight& flight = *found->second;
  fetch_backoff_.progressed();
  ++bodies_;
  report_->fetched_bytes += body->size();
  services_.progress.fetched += 1;
  services_.progress.fetched_bytes += flight.work.size.value_or(0);
  if (flight.purpose != Flight::Purpose::Store) {
    auto done = take(token);
    queue_.release(FetchQueue::share(done->work));
    if (done->purpose == Flight::Purpose::Sample) {
      leave(*done);
      on_sample(*done, *body);
      heed_told(*done);
      return;
    }
    const std::string key = done->row.item.key;
    const bool removed = done->removed;
    const std::uint64_t told_in = done->removed_in;
    on_matching_body(std::move(done), *body);
    if (removed) {  // told meanwhile; whatever became of the message, it is gone
      on_removed(key, told_in);
    }
    return;
  }
  flight.size = body->size();
  flight.digest = body->digest();
  flight.header_digest = body->header_digest();
  flight.message_id = body->message_id();
  flight.body = std::move(body);
  flight.shared = true;
  on_octets(flight);
}

void Engine::on_octets(Flight& flight) {
  const std::uint64_t token = flight.token;
  try {
    switch (judge_body(flight)) {
      case Next::Go:
        stage(flight);
        return;
      case Next::Waits:
        wait_for_owner(take(token));
        return;
      case Next::Ends:
        break;
    }
  } catch (const Error& error) {
    refuse(take(token), error);
    return;
  }
  const auto dropped = take(token);
  landed(*dropped);
  end_here(*dropped);
}

// Goes on with the filters that need the body.
Engine::Next Engine::judge_body(Flight& flight) {
  const Body body = flight.body->view();
  if (!flight.chain_done) {
    Item before = flight.item;
    const Chain::Result result =
        chain_.judge(flight.item, &body, flight.next_filter, flight.tokens);
    // What is known of the body stays with the row, whatever becomes of it.
    flight.row.digest = flight.digest;
    flight.row.header_digest = flight.header_digest;
    const Next next = heed(flight, result);
    if (next == Next::Waits) {
      flight.item = std::move(before);
    }
    if (next != Next::Go) {
      return next;
    }
    flight.chain_done = true;
    plan_legs(flight);
  }
  link_to_owner(flight);
  bool wanted = false;
  for (std::size_t i = 0; i < flight.legs.size(); ++i) {
    Leg& leg = flight.legs[i];
    if (leg.state == Leg::State::Wanted && !leg.judged) {
      judge_leg(leg, i, &body);
    }
    wanted = wanted || leg.state == Leg::State::Wanted;
  }
  if (!wanted) {
    nobody_wants(flight);
  }
  return wanted ? Next::Go : Next::Ends;
}

void Engine::on_source_failed(const Error& error) {
  if (stopping_) {
    return;
  }
  if (!may_pass(error.error_class()) || !hold_source(error)) {
    stop(error, "source");
  }
}

// Lets the whole source wait. False: the budget is used up.
bool Engine::hold_source(const Error& error) {
  const Clock::time_point now = Clock::now();
  if (now < source_held_until_ && error.retry_after().count() == 0) {
    return true;  // one fault that many messages met at once
  }
  const auto wait = fetch_backoff_.next(error);
  if (!wait) {
    return false;
  }
  if (*wait > std::chrono::seconds(2)) {
    services_.log(
        LogLevel::Warn, "source",
        std::string(error.what()) + "; waiting " + std::to_string(wait->count() / 1000) + " s", {});
  }
  source_held_until_ = std::max(source_held_until_, now + *wait);
  queue_.hold_all_until(source_held_until_);
  return true;
}

// A fault that should pass counts against a message only if others came through since its last one: a server that is away
// must not put what happened to be in flight into quarantine.
bool Engine::counts_as_try(Flight& flight, ErrorClass error_class) {
  if (error_class == ErrorClass::RateLimit) {
    return false;
  }
  const std::uint64_t before = std::exchange(flight.bodies_at_fault, bodies_);
  return error_class != ErrorClass::Transient || before != bodies_;
}

void Engine::on_fetch_failed(std::uint64_t token, const Error& error) {
  auto flight = take(token);
  if (!flight) {
    return;
  }
  const ErrorClass error_class = error.error_class();
  const bool passing = may_pass(error_class);
  if (counts_as_try(*flight, error_class)) {
    flight->tries += 1;
  }
  if (stopping_ || error_class == ErrorClass::Cancelled) {
    fail(*flight, error.what());
  } else if ((error_class == ErrorClass::Item && flight->tries >= kMaxItemTries) ||
             (passing && flight->tries >= kMaxTransientTries)) {
    quarantine(std::move(flight), error);
  } else if (error_class == ErrorClass::Item || (passing && hold_source(error))) {
    const auto pause = error_class == ErrorClass::Item
                           ? std::chrono::milliseconds(200 * flight->tries)
                           : std::chrono::milliseconds(0);
    Work work = flight->work;
    flights_[token] = std::move(flight);
    comes_late(token);
    queue_.retry(std::move(work), Clock::now() + pause);
  } else {
    fail(*flight, error.what());
    stop(error, "source");
  }
}

// It shares in a fault of the source that is none of its own, so this counts as no attempt.
void Engine::on_fetch_returned(std::uint64_t token) {
  const auto found = flights_.find(token);
  if (found == flights_.end()) {
    return;
  }
  if (!stopping_) {
    comes_late(token);
    queue_.retry(found->second->work, Clock::now());
    return;
  }
  const auto flight = take(token);
  fail(*flight, "not fetched");
  leave(*flight);
}

void Engine::on_fetch_gone(std::uint64_t token) {
  const auto flight = take(token);
  if (!flight) {
    return;
  }
  services_.progress.fetched += 1;
  note(flight->row.item.key, "gone", "removed from the server before it could be fetched");
  if (flight->catch_up) {
    for (std::size_t i = 0; i < flight->legs.size(); ++i) {
      if (flight->legs[i].state == Leg::State::Wanted) {
        ledger_.put_receipt({.row = flight->row.id,
                             .sink = lanes_[i]->part().id,
                             .state = state::ReceiptRow::State::Gone});
      }
    }
  } else {
    flight->row.due.reset();
    if (flight->row.state == state::RowState::Gone) {
      ledger_.note_back(flight->row);  // not any more: the server was asked for it
    }
    put(flight->row, state::RowState::Gone, state::Outcome::Gone);
  }
  settle_filters(*flight, false);
  end_here(*flight);
}

}  // namespace mailpipe::run
