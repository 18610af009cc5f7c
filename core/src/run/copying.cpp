// Octets that a sink has already: a message listed once more is linked or read there, not downloaded. See engine.hpp.
#include "run/engine.hpp"
#include "run/places.hpp"
#include "run/to_receipt.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

namespace {

constexpr std::size_t kMostCopies = 16;

}  // namespace

std::optional<Receipt> Engine::copy_on(const SinkLane& lane,
                                       const std::vector<state::ReceiptRow>& receipts) {
  for (const state::ReceiptRow& one : receipts) {
    if (one.sink == lane.part().id && one.state == state::ReceiptRow::State::Stored &&
        !one.adopted && lane.alive) {
      return to_receipt({}, one);
    }
  }
  return std::nullopt;
}

// A stored row has the same server id and size: the octets come from a sink. False: they are to be fetched.
bool Engine::copy_instead(std::unique_ptr<Flight>& flight) {
  if (!flight->chain_done || flight->catch_up || flight->row.item.server_id.empty()) {
    return false;
  }
  for (const state::Row& from : ledger_.copies(flight->row.item.server_id, kMostCopies)) {
    std::optional<std::size_t> reader;
    if (from.state != state::RowState::Stored || !from.digest || !from.header_digest ||
        from.item.size != flight->row.item.size || !plan_copy(*flight, from, reader)) {
      continue;
    }
    flight->copied = true;
    Flight& here = *flight;
    fly(std::move(flight));
    report_->counters["engine.copied"] += 1;
    if (reader) {
      read_copy(here.token, *reader, *copy_on(*lanes_[*reader], ledger_.receipts(from.id)));
    } else {
      stage(here);
    }
    return true;
  }
  return false;
}

// Each sink that wants the message links it, or gets the octets from `reader`.
bool Engine::plan_copy(Flight& flight, const state::Row& from, std::optional<std::size_t>& reader) {
  const auto receipts = ledger_.receipts(from.id);
  const bool one_place = as_placed(flight.item).places.size() == 1;
  bool read = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Leg& leg = flight.legs[i];
    leg.link_from.reset();
    if (leg.state != Leg::State::Wanted) {
      continue;
    }
    if (!leg.judged) {
      return false;
    }
    if (lanes_[i]->part().can.link && one_place) {
      leg.link_from = copy_on(*lanes_[i], receipts);
    }
    read = read || !leg.link_from;
  }
  for (std::size_t i = 0; read && !reader && i < lanes_.size(); ++i) {
    if (lanes_[i]->part().can.read && copy_on(*lanes_[i], receipts)) {
      reader = i;
    }
  }
  if (read && !reader) {
    return false;
  }
  flight.digest = *from.digest;
  flight.header_digest = *from.header_digest;
  for (const auto& lane : lanes_) {
    if (const auto copy = copy_on(*lane, receipts)) {
      flight.size = copy->size;
    }
  }
  return true;
}

void Engine::read_copy(std::uint64_t token, std::size_t lane, const Receipt& from) {
  using Body = std::shared_ptr<const spool::SpooledBody>;
  lanes_[lane]->do_next(
      [this, from](Sink& sink) -> Body {
        const auto writer = spool_.open(from.size);
        sink.read(from, [&](std::string_view octets) { writer->write(octets); });
        return writer->finish();
      },
      [this, token, lane](const std::optional<Error>& error, Body body) {
        const auto found = flights_.find(token);
        if (found == flights_.end()) {
          return;
        }
        Flight& flight = *found->second;
        if (error && error->error_class() != ErrorClass::Item) {
          on_lane_failed(*lanes_[lane], *error);
        }
        if (error || body->digest() != flight.digest) {
          go_on_without(token);
          return;
        }
        flight.size = body->size();
        flight.header_digest = body->header_digest();
        flight.message_id = body->message_id();
        flight.body = std::move(body);
        on_octets(flight);
      });
}

// The copy is not what it should be: the message is fetched like any other.
void Engine::go_on_without(std::uint64_t token) {
  auto flight = take(token);
  if (!flight) {
    return;
  }
  flight->copied = false;
  flight->item_error.reset();
  for (Leg& leg : flight->legs) {
    leg.link_from.reset();
  }
  flight->body.reset();
  if (stopping_ || phase_ == Phase::Filling) {
    fail(*flight, "not fetched");
    leave(*flight);
    return;
  }
  launch(std::move(flight));
}

// The same message is on its way already: wait for its octets.
bool Engine::follow(std::unique_ptr<Flight>& flight) {
  const std::string& id = flight->row.item.server_id;
  if (id.empty() || flight->catch_up || !flight->chain_done) {
    return false;
  }
  const auto leader = leaders_.find(id);
  if (leader == leaders_.end()) {
    return false;
  }
  flight->token = flight->token != 0 ? flight->token : next_token_++;
  followers_[leader->second].push_back(flight->token);
  fly(std::move(flight));
  return true;
}

// A message is no longer on its way; those that waited for it go on.
void Engine::leave(const Flight& flight) {
  by_key_.erase(flight.row.item.key);
  if (ordered_) {
    late_.erase(flight.token);
    inbox_.post([this, turns = order_.leave(flight.token)] { take_turns(turns); });
  }
  const auto leader = leaders_.find(flight.leads);
  if (leader != leaders_.end() && leader->second == flight.token) {
    leaders_.erase(leader);
  }
  auto waiting = followers_.extract(flight.token);
  if (waiting.empty()) {
    return;
  }
  inbox_.post([this, tokens = std::move(waiting.mapped()), durable = flight.durable] {
    for (const std::uint64_t token : tokens) {
      auto follower = take(token);
      if (!follower) {
        continue;
      }
      // While the run ends, one that failed may yet turn out to be stored when the next one recovers it.
      if (follower->waits && (durable || !stopping_)) {
        go_on_after_owner(std::move(follower));
      } else if (stopping_) {
        fail(*follower, "not fetched");
        leave(*follower);
      } else if (!copy_instead(follower)) {
        launch(std::move(follower));
      }
    }
  });
}

}  // namespace mailpipe::run
