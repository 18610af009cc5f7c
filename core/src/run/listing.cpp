// What the source tells. See engine.hpp; reoffering.cpp has what comes up without being listed.
#include "run/engine.hpp"
#include "run/same_words.hpp"

#include <algorithm>
#include <utility>

namespace mailpipe::run {

/// The source's way into the inbox.
class Engine::ListEmitter final : public Emitter {
 public:
  ListEmitter(Engine& engine, Backoff& backoff, ListProgress& progress)
      : engine_(engine),
        backoff_(backoff),
        progress_(progress) {}

  StreamId stream(std::string_view name, std::string_view label) override {
    return engine_.inbox_.ask([&] { return engine_.ledger_.stream(name, label); });
  }

  void emit(Event event) override {
    note_progress(event);
    engine_.inbox_.push(std::move(event));
  }

 private:
  // A new cursor, or more than any attempt told before. Else a server that always fails at the same place would give each
  // attempt a new budget, and the run would never end.
  void note_progress(const Event& event) {
    if (event.kind == EventKind::Checkpoint && event.cursor != progress_.cursor) {
      progress_ = {0, event.cursor};
      backoff_.progressed();
    } else if (++told_ > progress_.furthest) {
      progress_.furthest = told_;
      backoff_.progressed();
    }
  }

  Engine& engine_;
  Backoff& backoff_;
  ListProgress& progress_;
  std::uint64_t told_ = 0;
};

std::unique_ptr<Emitter> Engine::make_emitter(Backoff& backoff, ListProgress& progress) {
  return std::make_unique<ListEmitter>(*this, backoff, progress);
}

void Engine::on_event(Event event) {
  switch (event.kind) {
    case EventKind::Listed:
    case EventKind::Changed:
      services_.progress.listed += 1;
      on_item(std::move(event));
      break;
    case EventKind::Keywords:
      on_keywords(std::move(event));
      break;
    case EventKind::Removed:
      on_removed(event.key, checkpoints_.number(event.stream));
      break;
    case EventKind::Gone:
      on_gone(event);
      break;
    case EventKind::Mailbox:
      on_mailbox(event.stream, event.mailbox);
      break;
    case EventKind::MailboxRemoved:
      on_mailbox_removed(event.stream, event.mailbox.id);
      break;
    case EventKind::ListingBegin:
      listing_[event.stream] = {++listing_number_, {}};
      ledger_.set_meta("listing", std::to_string(listing_number_));
      break;
    case EventKind::ListingEnd:
      on_listing_end(event.stream);
      break;
    case EventKind::Checkpoint:
      on_checkpoint(std::move(event));
      break;
    case EventKind::Estimate:
      services_.progress.estimated += event.count;
      break;
  }
}

namespace {

/// Whether the source says something new of a message that the ledger knows.
bool differs(const Item& known, const Item& now) {
  const auto ids = [](const Item& item) {
    std::vector<std::string> out;
    for (const Mailbox& place : item.places) {
      out.push_back(place.id);
    }
    return out;
  };
  return known.ref != now.ref || known.size != now.size || known.received_at != now.received_at ||
         known.attributes != now.attributes || !same_words(known.keywords, now.keywords) ||
         !same_words(ids(known), ids(now));
}

/// The new metadata, with what the ledger alone knows.
void take_over(Item& known, Item now) {
  now.initial = known.initial;
  now.stream = known.stream;
  known = std::move(now);
}

}  // namespace

void Engine::on_item(Event event) {
  const auto listing = listing_.find(event.stream);
  const std::int64_t seen = listing != listing_.end() ? listing->second.number : 0;
  const auto flying = by_key_.find(event.item.key);
  if (flying != by_key_.end()) {
    Flight& flight = *flying->second;
    flight.row.seen = std::max(flight.row.seen, seen);
    flight.removed = false;
    if (doubts_) {
      ledger_.believe(flight.row);
    }
    accounts_.bring(flight.row, Accounts::Bringer::Listed);
    if (flight.catch_up) {
      accounts_.settle(flight.row, state::Outcome::Known);
    }
    if (differs(flight.row.item, event.item)) {
      flight.changed = true;
      hold_cursor(flight);
    }
    take_over(flight.row.item, std::move(event.item));
    return;
  }
  state::Row row = ledger_.find(event.item.key);
  row.told_in = checkpoints_.number(event.stream);
  const bool unknown = row.state == state::RowState::None;
  const bool changed = !unknown && differs(row.item, event.item);
  const Action action = decide(row.state, changed ? RowEvent::Changed : RowEvent::Listed);
  if (unknown) {
    row.item = std::move(event.item);
    row.item.stream = event.stream;
    row.item.initial = row.item.initial || (first_listing_ && seen != 0);
  }
  row.seen = std::max(row.seen, seen);
  accounts_.bring(row, Accounts::Bringer::Listed);
  if (!unknown && doubts_) {
    ledger_.believe(row);
  }
  if (!unknown) {
    known(std::move(row), action, std::move(event.item));
  } else if (!match(row)) {
    judge(std::move(row), Origin::Listing);
  }
}

// Everything else of the message is as it was.
void Engine::on_keywords(Event event) {
  const auto flying = by_key_.find(event.item.key);
  Item item =
      flying != by_key_.end() ? flying->second->row.item : ledger_.find(event.item.key).item;
  if (item.key.empty()) {
    return;
  }
  item.keywords = std::move(event.item.keywords);
  event.item = std::move(item);
  on_item(std::move(event));
}

void Engine::known(state::Row row, Action action, Item item) {
  const state::RowState state = row.state;
  if (action != Action::Known) {
    take_over(row.item, std::move(item));
  }
  switch (action) {
    case Action::Judge:  // it was gone and is back: the copy is still there, or it is fetched anew
      if (!take_back(row)) {
        ledger_.note_wanted(row);
        judge(std::move(row), Origin::Listing);
      }
      break;
    case Action::JudgeAgain:
      judge(std::move(row), Origin::Listing);
      break;
    case Action::Update:
      put(row, state, state::Outcome::Updated);
      owe(row.id);
      break;
    case Action::KnownMetadata:
      put(row, state, state::Outcome::Known);
      break;
    default:
      accounts_.settle(row, state::Outcome::Known);
      ledger_.touch(row);
      break;
  }
}

// A gone row whose copies are all still there: under one key the octets never change, so nothing is fetched.
bool Engine::take_back(state::Row& row) {
  if (has_successor(row)) {
    return false;
  }
  const auto receipts = ledger_.receipts(row.id);
  const bool here =
      std::any_of(receipts.begin(), receipts.end(), [](const state::ReceiptRow& receipt) {
        return receipt.state == state::ReceiptRow::State::Stored;
      });
  if (here) {
    row.owner.clear();
    put(row, state::RowState::Stored, state::Outcome::Known);
    owe(row.id);  // it may come back elsewhere, or with other keywords
    for (const auto& lane : lanes_) {
      lane->complete = false;  // some sink may have lost its copy, or never had one
    }
  }
  return here;
}

// Its copies are not what the row says any more.
void Engine::owe(state::RowId row) {
  for (const auto& lane : lanes_) {
    if (lane->part().can.places || lane->part().can.update) {
      ledger_.owe(lane->part().id, row);
    }
  }
}

void Engine::owe_removal(state::RowId row) {
  for (const auto& lane : lanes_) {
    if (lane->part().on_remove != OnRemove::Keep) {
      ledger_.owe(lane->part().id, row);
    }
  }
}

void Engine::on_mailbox(StreamId stream, const Mailbox& mailbox) {
  if (const auto listing = listing_.find(stream); listing != listing_.end()) {
    listing->second.mailboxes.insert(mailbox.id);
  }
  const auto before = ledger_.mailbox_path(stream, mailbox.id);
  ledger_.put_mailbox(stream, mailbox);
  if (before == mailbox.path) {
    return;
  }
  ledger_.set_meta("mailboxes_made", "not all");
  mailboxes_unkept_ = true;
  if (before) {
    ledger_.leave_mailbox(*before);
    ledger_.owe_mailbox(stream, mailbox.id);
    for (const auto& [key, flight] : by_key_) {
      flight->changed = flight->changed || flight->row.item.stream == stream;
    }
  }
}

// Before a sink may make a folder for it: after a kill the ledger must know whose folder that is.
void Engine::keep_mailboxes() {
  if (std::exchange(mailboxes_unkept_, false)) {
    flush();
  }
}

void Engine::on_mailbox_removed(StreamId stream, const std::string& id) {
  const auto path = ledger_.mailbox_path(stream, id);
  ledger_.remove_mailbox(stream, id);
  if (path) {
    ledger_.leave_mailbox(*path);
  }
}

void Engine::removed_in_flight(Flight& flight, std::uint64_t told_in) {
  flight.removed = true;
  flight.removed_in = told_in;
  hold_cursor(flight);
}

void Engine::on_removed(const std::string& key, std::uint64_t told_in) {
  const auto flying = by_key_.find(key);
  if (flying != by_key_.end()) {
    removed_in_flight(*flying->second, told_in);
    if (doubts_) {
      ledger_.believe(flying->second->row);
    }
    return;
  }
  state::Row row = ledger_.find(key);
  if (row.state != state::RowState::None) {
    removed_row(std::move(row), told_in);
  }
}

void Engine::removed_row(state::Row row, std::uint64_t told_in) {
  accounts_.bring(row, Accounts::Bringer::Removed);
  row.told_in = told_in;
  if (doubts_) {
    ledger_.believe(row);
  }
  if (decide(row.state, RowEvent::Removed) == Action::Known) {
    accounts_.settle(row, state::Outcome::Known);
    ledger_.touch(row);
    return;
  }
  if (row.state == state::RowState::Held || row.state == state::RowState::Quarantined) {
    note(row.item.key, "gone",
         row.state == state::RowState::Held ? "removed from the server while held"
                                            : "removed from the server while quarantined");
  }
  row.due.reset();
  const bool stored = row.state == state::RowState::Stored;
  put(row, state::RowState::Gone, state::Outcome::Gone);
  ledger_.note_gone(row);
  if (stored) {
    owe_removal(row.id);
    hand_over(row.item.key);
  }
}

void Engine::on_gone(const Event& event) {
  state::Row row = ledger_.find(event.key);
  const std::uint64_t told_in = checkpoints_.number(event.stream);
  if (row.state != state::RowState::None) {
    removed_row(std::move(row), told_in);
    return;
  }
  row.item.key = event.key;
  row.item.stream = event.stream;
  row.told_in = told_in;
  accounts_.bring(row, Accounts::Bringer::Listed);
  put(row, state::RowState::Gone, state::Outcome::Gone);
  note(event.key, "gone", "removed from the server before it could be read");
}

// What a complete listing did not bring was removed. Nothing is inferred from a listing that broke off: it has no end.
void Engine::on_listing_end(StreamId stream) {
  const auto listing = listing_.find(stream);
  if (listing == listing_.end()) {
    return;
  }
  const CompleteListing complete = std::move(listing->second);
  listing_.erase(listing);
  remove_unlisted(stream, complete.number);
  if (doubts_) {
    ledger_.believe_gone(stream);
  }
  if (complete.mailboxes.empty()) {  // the source names them elsewhere
    return;
  }
  for (const std::string& id : ledger_.mailbox_ids(stream)) {
    if (!complete.mailboxes.contains(id)) {
      on_mailbox_removed(stream, id);
    }
  }
}

void Engine::remove_unlisted(StreamId stream, std::int64_t number) {
  for (state::RowId after = 0;;) {
    const auto rows = ledger_.unseen(stream, number, after, kChunk);
    if (rows.empty()) {
      return;
    }
    after = rows.back().id;
    for (const state::Row& row : rows) {
      const auto flying = by_key_.find(row.item.key);
      if (flying == by_key_.end()) {
        removed_row(row, checkpoints_.number(stream));
      } else if (flying->second->row.seen < number) {
        removed_in_flight(*flying->second, checkpoints_.number(stream));
      }
    }
  }
}

void Engine::on_list_done() {
  end_doubts();
  list_done_ = true;
  services_.progress.listing_done = true;
  listed_whole_ = true;
  phase_ = Phase::Reoffering;
}

// One mailbox that cannot be read must not keep what the others brought from being stored. What is not a fresh listing is not
// offered again: it may be gone.
void Engine::on_list_failed(const Error& error) {
  report_error(error, "source");
  if (!stopping_) {
    list_done_ = true;
    phase_ = Phase::CatchingUp;
  }
}

}  // namespace mailpipe::run
