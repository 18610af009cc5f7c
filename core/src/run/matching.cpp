// A message that is new to the ledger, but perhaps not to the sinks: rekey and adoption. See engine.hpp.
#include "run/engine.hpp"
#include "run/places.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

namespace {

/// So many of one size are looked at; more of them are downloaded rather than matched.
constexpr std::size_t kMostTwins = 64;

/// One adopted message in so many is downloaded and compared.
constexpr std::uint64_t kSampleEvery = 200;
constexpr std::uint64_t kLargestSample = 64U * 1024U;

bool may_be_equal(const std::optional<std::chrono::sys_seconds>& a,
                  const std::optional<std::chrono::sys_seconds>& b) {
  return !a || !b || *a == *b;
}

bool same_places(const Item& a, const Item& b) {
  return a.places.size() == b.places.size() &&
         std::equal(a.places.begin(), a.places.end(), b.places.begin(),
                    [](const Mailbox& x, const Mailbox& y) { return x.id == y.id; });
}

bool lies_in_a_place_of(const Item& item, const Found& file) {
  return file.path.empty() ||  // the sink has no places
         std::any_of(item.places.begin(), item.places.end(),
                     [&](const Mailbox& place) { return place.path == file.path; });
}

std::uint64_t original_size(const Found& file) {
  return file.original ? file.original->size : file.size;
}

}  // namespace

// ARCHITECTURE.md, "Rekey": a dead row lives on under the new key if its server id, or else header, size and date, say
// that it is the same message. True: the message needs no more.
bool Engine::match(state::Row& row) {
  if (adopt(row)) {
    return true;
  }
  std::optional<state::RowId> dead;
  for (const state::Row& other : ledger_.copies(row.item.server_id, kMostTwins)) {
    const bool fits = is_free(other) && other.digest && other.item.size == row.item.size;
    if (fits && (!dead || same_places(other.item, row.item))) {
      dead = other.id;
    }
  }
  if (dead && revive(row, *dead, {})) {
    return true;
  }
  std::vector<Twin> twins = twins_of(row);
  if (twins.empty() || dry_run_) {
    return false;
  }
  auto flight = std::make_unique<Flight>();
  flight->purpose = Flight::Purpose::Match;
  flight->group = checkpoints_.join(row.item.stream);
  flight->item = row.item;
  flight->row = std::move(row);
  flight->twins = std::move(twins);
  launch(std::move(flight), Want::Headers);
  return true;
}

// Once it was revived a row is under way to its sinks, and may not have another state yet.
bool Engine::is_free(const state::Row& dead) const {
  return dead.state == state::RowState::Gone && !by_key_.contains(dead.item.key);
}

// The row of a dead key becomes the row of this message, with all its copies. Where it has none it is fetched, and cursors wait
// for that as they waited for the header.
bool Engine::revive(state::Row& row, state::RowId dead, const Checkpoints::Member& group) {
  const state::Row old = ledger_.get(dead);
  if (!is_free(old)) {
    return false;  // another message was quicker
  }
  row.id = old.id;
  row.digest = old.digest;
  row.header_digest = old.header_digest;
  row.item.initial = old.item.initial;
  row.state = old.state;
  row.owner = old.owner;
  ledger_.rekey(row);
  if (take_back(row)) {
    report_->counters["engine.rekeyed"] += 1;
    Checkpoints::leave(group);
    return true;
  }
  judge(std::move(row), Origin::Listing, group);
  return true;
}

std::vector<Twin> Engine::twins_of(const state::Row& row) {
  std::vector<Twin> out;
  if (!row.item.size) {
    return out;
  }
  for (const state::Row& other : ledger_.dead(*row.item.size, kMostTwins)) {
    if (may_be_equal(other.item.received_at, row.item.received_at) && other.digest &&
        is_free(other)) {
      out.push_back(
          {.row = other.id, .digest = *other.digest, .header_digest = *other.header_digest});
    }
  }
  if (!ledger_.has_found()) {
    return out;
  }
  Item item = row.item;
  ledger_.complete(item);
  for (const state::FoundRow& found : ledger_.find_found_by_size(*row.item.size, kMostTwins)) {
    if (lies_in_a_place_of(item, found.file) && found.file.original) {
      out.push_back({.found = found.id,
                     .digest = found.file.original->digest,
                     .header_digest = found.file.original->header_digest});
    }
  }
  return out;
}

// First the header came, then, where several twins have it, the body.
void Engine::on_matching_body(std::unique_ptr<Flight> flight, const spool::SpooledBody& body) {
  const bool headers = flight->work.want == Want::Headers;
  report_->counters[headers ? "engine.header_bytes" : "engine.compared_bytes"] += body.size();
  std::erase_if(flight->twins, [&](const Twin& twin) {
    const bool dead = twin.row == 0 || is_free(ledger_.get(twin.row));
    return !dead ||
           (headers ? twin.header_digest != body.header_digest() : twin.digest != body.digest());
  });
  if (headers && flight->twins.size() > 1) {
    launch(std::move(flight), Want::Body);
    return;
  }
  leave(*flight);
  for (const Twin& twin : flight->twins) {
    if (settle_as(*flight, twin)) {
      return;
    }
  }
  judge(std::move(flight->row), Origin::Listing, flight->group);
}

bool Engine::settle_as(Flight& flight, const Twin& twin) {
  if (twin.row != 0) {
    return revive(flight.row, twin.row, flight.group);
  }
  const auto file = ledger_.found(twin.found);
  if (!file || !adopt_file(flight.row, {*file})) {
    return false;
  }
  Checkpoints::leave(flight.group);
  return true;
}

// ---- files that a scan found

// A file that a scan found takes the place of a download: another tool's records name this message, or the file's name may
// stand for its id and its size is the announced one. One that has the id and the instant but another size is damaged: it
// is moved aside, never overwritten.
bool Engine::adopt(state::Row& row) {
  if (!ledger_.has_found()) {
    return false;
  }
  Item item = row.item;
  ledger_.complete(item);
  std::vector<state::FoundRow> files;
  for (state::FoundRow& found : ledger_.find_found_by_ref(item.ref)) {
    if (lies_in_a_place_of(item, found.file) && item.size == original_size(found.file)) {
      files.push_back(std::move(found));
    }
  }
  if (files.empty() && !item.server_id.empty()) {
    for (state::FoundRow& found : ledger_.find_found(item.server_id)) {
      const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                     [&](const auto& one) { return one->part().id == found.sink; });
      if (lane == lanes_.end()) {
        continue;
      }
      if (original_size(found.file) == item.size) {
        files.push_back(std::move(found));
      } else if (found.file.received_at == item.received_at && item.size &&
                 (*lane)->part().can.remove && !dry_run_) {
        move_aside(**lane, found);
      }
    }
  }
  return !files.empty() && adopt_file(row, files);
}

bool Engine::adopt_file(state::Row& row, const std::vector<state::FoundRow>& files) {
  std::vector<state::ReceiptRow> receipts;
  for (const auto& lane : lanes_) {
    for (const state::FoundRow& found : files) {
      const std::string place = place_of(found.file.path);
      const auto same = [&](const state::ReceiptRow& one) {
        return one.sink == found.sink && one.place == place;
      };
      if (found.sink != lane->part().id || std::any_of(receipts.begin(), receipts.end(), same)) {
        continue;
      }
      receipts.push_back({.row = 0,
                          .sink = found.sink,
                          .place = place,
                          .location = found.file.location,
                          .size = found.file.size,
                          .digest = found.file.digest,
                          .adopted = true,
                          .keywords = {}});  // unknown: what the server has is added
      ledger_.remove_found(found.id);
      lane->adopted += 1;
    }
  }
  if (receipts.empty()) {
    return false;
  }
  const Found& first = files.front().file;
  row.digest = first.original ? first.original->digest : first.digest;
  if (first.original) {
    row.header_digest = first.original->header_digest;
  }
  put(row, state::RowState::Stored, state::Outcome::Known);
  for (state::ReceiptRow& receipt : receipts) {
    receipt.row = row.id;
    ledger_.put_receipt(receipt);
  }
  owe(row.id);
  for (const auto& lane : lanes_) {
    const bool has = std::any_of(receipts.begin(), receipts.end(), [&](const auto& receipt) {
      return receipt.sink == lane->part().id;
    });
    lane->complete = lane->complete && has;
  }
  if (!first.ref.empty()) {
    sample(row, *row.digest);
  }
  return true;
}

// Another tool's records are believed as far as a sample shows that they are right.
void Engine::sample(const state::Row& row, const Digest& digest) {
  const bool due = ++adopted_ >= kSampleEvery * (sampled_ + 1);
  if (dry_run_ || !due || row.item.size.value_or(kLargestSample) >= kLargestSample) {
    return;
  }
  ++sampled_;
  auto flight = std::make_unique<Flight>();
  flight->purpose = Flight::Purpose::Sample;
  flight->catch_up = true;  // it is stored, and counted
  flight->item = row.item;
  flight->row = row;
  flight->twins.push_back({.digest = digest});
  launch(std::move(flight));
}

void Engine::on_sample(Flight& flight, const spool::SpooledBody& body) {
  report_->counters["engine.sampled"] += 1;
  report_->counters["engine.sampled_bytes"] += body.size();
  if (body.digest() != flight.twins.front().digest) {
    stop(Error(ErrorClass::Permanent,
               "a file that was to be adopted is not the server's message " + flight.row.item.key,
               "the other tool's records do not fit this account; remove them (.mbsyncstate), then "
               "'mailpipe state rebuild' matches messages by their headers"),
         "engine");
  }
}

void Engine::move_aside(SinkLane& lane, const state::FoundRow& found) {
  services_.log(LogLevel::Warn, "sink '" + lane.part().id + "'",
                "'" + found.file.location +
                    "' is not as long as the server's message: moved to the trash, fetched anew",
                {});
  const Receipt receipt{.key = {},
                        .place = place_of(found.file.path),
                        .location = found.file.location,
                        .size = found.file.size,
                        .digest = found.file.digest,
                        .keywords = {}};
  lane.do_next([receipt](Sink& sink) { sink.remove(receipt, Removal::Trash); },
               [this, &lane](const std::optional<Error>& error) {
                 if (error) {
                   on_lane_failed(lane, *error);
                 }
               });
  ledger_.remove_found(found.id);
}

}  // namespace mailpipe::run
