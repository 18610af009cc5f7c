#include "run/committer.hpp"

#include <utility>

namespace mailpipe::run {

void Committer::add(std::unique_ptr<Flight> flight) {
  if (open_.empty()) {
    open_since_ = Clock::now();
    open_bytes_ = 0;
  }
  open_bytes_ += flight->size;
  open_.push_back(std::move(flight));
}

std::optional<Committer::Clock::time_point> Committer::due() const {
  return open_.empty() || committing_ ? std::nullopt
                                      : std::optional(open_since_ + settings_.batch_interval);
}

void Committer::begin_if_due(bool force) {
  if (open_.empty() || committing_) {
    return;
  }
  const bool full =
      open_.size() >= settings_.batch_messages || open_bytes_ >= settings_.batch_bytes;
  if (full || force || Clock::now() - open_since_ >= settings_.batch_interval) {
    committing_ = true;
    batch_ = std::exchange(open_, {});
    sync_data();
  }
}

bool Committer::lane_in_batch(std::size_t lane) const {
  if (!lanes_[lane]->alive) {
    return false;
  }
  for (const auto& flight : batch_) {
    if (flight->legs[lane].state == Leg::State::Staged) {
      return true;
    }
  }
  return false;
}

void Committer::one_answered(void (Committer::*then)()) {
  if (--waiting_ == 0) {
    (this->*then)();
  }
}

void Committer::sync_data() {
  waiting_ = 1;  // our own, so that a batch that no lane takes part in goes on too
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!lane_in_batch(lane)) {
      continue;
    }
    ++waiting_;
    lanes_[lane]->do_next([](Sink& sink) { sink.sync(SyncPhase::Data); },
                          [this, lane](std::optional<Error> error) {
                            if (error) {
                              fail_lane(lane, *error);
                            }
                            one_answered(&Committer::write_intents);
                          });
  }
  one_answered(&Committer::write_intents);
}

void Committer::fail_lane(std::size_t lane, const Error& error) {
  for (const auto& flight : batch_) {
    if (flight->legs[lane].state == Leg::State::Staged) {
      flight->legs[lane].state = Leg::State::Failed;
    }
  }
  replies_.lane_failed(*lanes_[lane], error);
}

// A sink that failed meanwhile, at another message, publishes nothing more: what it staged of this batch is not stored.
void Committer::leave_out_dead_lanes() {
  for (const auto& flight : batch_) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      Leg& leg = flight->legs[lane];
      if (leg.state == Leg::State::Staged && !lanes_[lane]->alive) {
        leg.state = Leg::State::Failed;
      }
    }
  }
}

void Committer::write_intents() {
  leave_out_dead_lanes();
  for (const auto& flight : batch_) {
    if (flight->row.id == 0) {
      state::Row row = flight->row;
      row.state = state::RowState::InFlight;
      flight->row.id = ledger_.insert(row);
    }
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const Leg& leg = flight->legs[lane];
      if (leg.state != Leg::State::Staged) {
        continue;
      }
      for (const Placed& placed : leg.staged.placed) {
        ledger_.put_intent({.row = flight->row.id,
                            .sink = lanes_[lane]->part().id,
                            .place = placed.place,
                            .location = placed.location,
                            .token = leg.staged.token,
                            .size = leg.size_in(flight->size),
                            .digest = leg.digest_in(flight->digest),
                            .keywords = flight->item.keywords},
                           flight->header_digest);
      }
    }
  }
  ledger_.commit();
  publish();
}

void Committer::publish() {
  waiting_ = 1;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (lane_in_batch(lane)) {
      ++waiting_;
      publish_on(lane);
    }
  }
  one_answered(&Committer::write_receipts);
}

void Committer::publish_on(std::size_t lane) {
  std::vector<Flight*> flights;
  for (const auto& flight : batch_) {
    if (flight->legs[lane].state == Leg::State::Staged) {
      flights.push_back(flight.get());
    }
  }
  // The flights stay in batch_ until the reply, so the lane may read their stagings meanwhile.
  const auto publish_all = [flights, lane](Sink& sink) {
    std::vector<std::optional<Error>> refused(flights.size());
    for (std::size_t i = 0; i < flights.size(); ++i) {
      try {
        sink.publish(flights[i]->legs[lane].staged);
      } catch (const Error& error) {
        if (error.error_class() != ErrorClass::Item) {
          throw;
        }
        refused[i] = error;  // this message only
      }
    }
    sink.sync(SyncPhase::Names);
    return refused;
  };
  lanes_[lane]->do_next(
      publish_all,
      [this, lane, flights](std::optional<Error> error, std::vector<std::optional<Error>> refused) {
        if (error) {
          fail_lane(lane, *error);
        }
        for (std::size_t i = 0; !error && i < flights.size(); ++i) {
          Leg& leg = flights[i]->legs[lane];
          leg.state = refused[i] ? Leg::State::Failed : Leg::State::Durable;
          if (refused[i]) {
            flights[i]->item_error = refused[i];
            ledger_.remove_intents(flights[i]->row.id, lanes_[lane]->part().id);
            lanes_[lane]->do_next([staged = leg.staged](Sink& sink) { sink.discard(staged); },
                                  [](const std::optional<Error>&) {});
          }
        }
        one_answered(&Committer::write_receipts);
      });
}

void Committer::put_receipts(const Flight& flight, std::size_t lane) {
  SinkLane& sink = *lanes_[lane];
  const Leg& leg = flight.legs[lane];
  if (leg.state == Leg::State::Filtered) {
    ledger_.put_receipt({.row = flight.row.id,
                         .sink = sink.part().id,
                         .state = state::ReceiptRow::State::Filtered});
  }
  if (leg.state != Leg::State::Durable) {
    return;
  }
  ledger_.remove_intents(flight.row.id, sink.part().id);
  for (const Placed& placed : leg.staged.placed) {
    ledger_.put_receipt({.row = flight.row.id,
                         .sink = sink.part().id,
                         .place = placed.place,
                         .location = placed.location,
                         .size = leg.size_in(flight.size),
                         .digest = leg.digest_in(flight.digest),
                         .keywords = flight.item.keywords});
  }
  sink.stored += 1;
  sink.bytes += flight.size;
  sink.caught_up += flight.catch_up ? 1 : 0;
}

void Committer::write_receipts() {
  Batch done = std::exchange(batch_, {});
  for (const auto& flight : done) {
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      put_receipts(*flight, lane);
    }
    replies_.write_rows(*flight);
  }
  replies_.write_cursors();
  ledger_.commit();
  committing_ = false;
  for (auto& flight : done) {
    replies_.settled(std::move(flight));
  }
}

std::vector<std::unique_ptr<Flight>> Committer::abandon() {
  Batch all = std::exchange(open_, {});
  std::move(batch_.begin(), batch_.end(), std::back_inserter(all));
  batch_.clear();
  return all;
}

}  // namespace mailpipe::run
