#include "run/owed_steps.hpp"

#include "run/places.hpp"
#include "run/to_receipt.hpp"

#include <algorithm>

namespace mailpipe::run {

bool OwedSteps::mirrors(std::size_t lane) const {
  return lanes_[lane]->alive && lanes_[lane]->part().mirrors();
}

void OwedSteps::run(std::size_t lane, std::function<void(Sink&)> call, std::function<void()> then) {
  busy_ = true;
  lanes_[lane]->do_next(std::move(call),
                        [this, lane, then = std::move(then)](const std::optional<Error>& error) {
                          busy_ = false;
                          if (error) {
                            replies_.lane_failed(*lanes_[lane], *error);
                          } else {
                            then();
                          }
                        });
}

OwedPlan OwedSteps::plan(std::size_t lane, const state::Row& row) {
  std::vector<state::ReceiptRow> receipts = ledger_.receipts(row.id);
  std::erase_if(receipts, [&](const state::ReceiptRow& receipt) {
    return receipt.sink != lanes_[lane]->part().id;
  });
  return plan_owed(row.state, as_given_to(lane, row.item), receipts, lanes_[lane]->part());
}

Item OwedSteps::as_given_to(std::size_t lane, Item item) {
  ledger_.complete(item);
  return as_given(std::move(item), filters_, lanes_[lane]->part());
}

// ---- additions

bool OwedSteps::add() {
  if (busy_) {
    return false;
  }
  if (!mailboxes_done_ && make_mailboxes()) {
    return false;
  }
  while (lane_ < lanes_.size()) {
    if (lanes_[lane_]->alive && add_on(lane_)) {
      return false;
    }
    ++lane_;
    after_ = 0;
  }
  lane_ = 0;
  after_ = 0;
  return true;
}

// The next chunk of rows of one lane. True: a call is running.
bool OwedSteps::add_on(std::size_t lane) {
  for (;;) {
    const auto ids = ledger_.owed(lanes_[lane]->part().id, after_, kChunk);
    if (ids.empty()) {
      return false;
    }
    after_ = ids.back();
    const auto steps = std::make_shared<std::vector<Step>>();
    for (const state::RowId id : ids) {
      Step step = addition(lane, ledger_.get(id));
      if (!step.links.empty() || !step.changes.empty()) {
        steps->push_back(std::move(step));
      } else if (step.whole) {
        ledger_.paid(lanes_[lane]->part().id, id);
      }
    }
    if (!steps->empty()) {
      run(
          lane, [steps](Sink& sink) { stage(sink, *steps); },
          [this, lane, steps] {
            write_intents(lane, *steps);
            run(
                lane, [steps](Sink& sink) { carry_out(sink, *steps); },
                [this, lane, steps] { added(lane, steps); });
          });
      return true;
    }
  }
}

OwedSteps::Step OwedSteps::addition(std::size_t lane, state::Row row) {
  Step step;
  const OwedPlan plan = this->plan(lane, row);
  step.whole = plan.extra.empty();
  step.changes = plan.change;
  const bool may_ask = row.id != 0 && !asked_.contains({lane, row.id});
  if (!plan.missing.empty() && lanes_[lane]->part().can.link) {
    for (const Mailbox& place : plan.missing) {
      step.links.push_back({plan.here.front(), place, {}, {}});
    }
  } else if (!plan.missing.empty()) {
    step.whole = false;
    if (may_ask) {
      asked_.insert({lane, row.id});
      replies_.fetch(row, lane, plan.missing);
    }
  }
  step.item = as_given_to(lane, row.item);
  step.row = std::move(row);
  return step;
}

// On the lane's thread.
void OwedSteps::stage(Sink& sink, std::vector<Step>& steps) {
  bool any = false;
  for (Step& step : steps) {
    for (Link& link : step.links) {
      try {
        link.staged = sink.link(to_receipt(step.row.item.key, link.from), step.item, link.place.id);
        any = true;
      } catch (const Error& error) {
        if (error.error_class() != ErrorClass::Item) {
          throw;
        }
        link.error = error;
      }
    }
  }
  if (any) {
    sink.sync(SyncPhase::Data);
  }
}

// A link that is published and has no receipt yet must be known after a kill: an mbox would get it twice. So must keywords
// that a copy may have or not, as a sink changes only what differs from the last ones; but for one that writes all anew.
void OwedSteps::write_intents(std::size_t lane, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    for (const Link& link : step.links) {
      if (!link.error) {
        ledger_.put_intent({.row = step.row.id,
                            .sink = lanes_[lane]->part().id,
                            .place = link.place.id,
                            .location = link.staged.placed.at(0).location,
                            .token = link.staged.token,
                            .size = link.from.size,
                            .digest = link.from.digest,
                            .keywords = step.item.keywords},
                           step.row.header_digest.value_or(Digest{}));
      }
    }
    for (const state::ReceiptRow& receipt : step.changes) {
      if (!lanes_[lane]->part().can.metadata) {
        ledger_.put_intent({.row = step.row.id,
                            .sink = lanes_[lane]->part().id,
                            .place = receipt.place,
                            .size = receipt.size,
                            .digest = receipt.digest,
                            .keywords = step.item.keywords},
                           {});
      }
    }
  }
  ledger_.commit();
}

// On the lane's thread.
void OwedSteps::carry_out(Sink& sink, std::vector<Step>& steps) {
  for (Step& step : steps) {
    for (Link& link : step.links) {
      if (link.error) {
        continue;
      }
      try {
        sink.publish(link.staged);
      } catch (const Error& error) {
        if (error.error_class() != ErrorClass::Item) {
          throw;
        }
        link.error = error;
        sink.discard(link.staged);
      }
    }
  }
  for (Step& step : steps) {
    for (state::ReceiptRow& receipt : step.changes) {
      std::string now = sink.update(to_receipt(step.row.item.key, receipt), step.item);
      step.changed += receipt.adopted && now == receipt.location ? 0 : 1;  // it had them already
      receipt.location = std::move(now);
    }
  }
  sink.sync(SyncPhase::Names);
}

void OwedSteps::added(std::size_t lane, const Steps& steps) {
  SinkLane& sink = *lanes_[lane];
  for (Step& step : *steps) {
    std::vector<Mailbox> to_fetch;
    ledger_.remove_intents(step.row.id, sink.part().id);
    for (Link& link : step.links) {
      if (link.error) {
        step.whole = false;
        to_fetch.push_back(link.place);
        continue;
      }
      state::ReceiptRow receipt = link.from;
      receipt.place = link.place.id;
      receipt.location = link.staged.placed.at(0).location;
      receipt.keywords = step.item.keywords;
      ledger_.put_receipt(receipt);
      sink.linked += 1;
    }
    for (state::ReceiptRow& receipt : step.changes) {
      receipt.keywords = step.item.keywords;
      ledger_.put_renamed(step.row, receipt);
    }
    sink.updated += step.changed;
    if (step.whole) {
      ledger_.paid(sink.part().id, step.row.id);
    }
    if (!to_fetch.empty() && asked_.insert({lane, step.row.id}).second) {
      replies_.fetch(step.row, lane, std::move(to_fetch));
    }
  }
  ledger_.commit();
}

// ---- removals

OwedSteps::Removals OwedSteps::count_removals() {
  Removals count;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!mirrors(lane)) {
      continue;
    }
    for (state::RowId after = 0;;) {
      const auto ids = ledger_.owed(lanes_[lane]->part().id, after, kChunk);
      if (ids.empty()) {
        break;
      }
      after = ids.back();
      for (const state::RowId id : ids) {
        const state::Row row = ledger_.get(id);
        const std::uint64_t extra = plan(lane, row).extra.size();
        (row.state == state::RowState::Stored ? count.moved : count.last) += extra;
      }
    }
  }
  return count;
}

bool OwedSteps::remove() {
  if (busy_) {
    return false;
  }
  while (lane_ < lanes_.size()) {
    if (mirrors(lane_) && remove_on(lane_)) {
      return false;
    }
    ++lane_;
    after_ = 0;
  }
  return gone_mailboxes_done_ || !remove_mailboxes();
}

// What the chunk takes away; receipts of a file that another message shares go at once.
OwedSteps::Chunk OwedSteps::removals_of(std::size_t lane, const std::vector<state::RowId>& ids) {
  const bool trash = lanes_[lane]->part().on_remove == OnRemove::Trash;
  Chunk out;
  for (const state::RowId id : ids) {
    const state::Row row = ledger_.get(id);
    const OwedPlan plan = this->plan(lane, row);
    if (plan.additions()) {
      continue;  // what is to be added is not there yet
    }
    out.rows.push_back(id);
    for (const state::ReceiptRow& receipt : plan.extra) {
      // A message that stays elsewhere loses nothing that the trash would have to keep.
      const bool stays = row.state == state::RowState::Stored;
      if (shared(row, receipt)) {
        ledger_.remove_receipt(receipt);
      } else {
        out.places.push_back({to_receipt(row.item.key, receipt), receipt,
                              trash && !stays ? Removal::Trash : Removal::Delete});
      }
    }
  }
  return out;
}

bool OwedSteps::remove_on(std::size_t lane) {
  SinkLane& sink = *lanes_[lane];
  for (;;) {
    const auto ids = ledger_.owed(sink.part().id, after_, kChunk);
    if (ids.empty()) {
      return false;
    }
    after_ = ids.back();
    const auto chunk = std::make_shared<const Chunk>(removals_of(lane, ids));
    if (chunk->rows.empty()) {
      continue;
    }
    for (const Chunk::Place& place : chunk->places) {
      ledger_.put_intent(state::IntentRow::of_removal(place.row), {});
    }
    ledger_.commit();  // the mail may be back before the next run, and then nothing is owed
    run(
        lane,
        [chunk](Sink& to) {
          for (const Chunk::Place& place : chunk->places) {
            to.remove(place.receipt, place.how);
          }
          to.sync(SyncPhase::Names);
        },
        [this, &sink, chunk] {
          for (const Chunk::Place& place : chunk->places) {
            ledger_.remove_receipt(place.row);
            sink.removed += 1;
          }
          for (const state::RowId id : chunk->rows) {
            ledger_.remove_intents(id, sink.part().id);
            ledger_.paid(sink.part().id, id);
          }
          ledger_.commit();
        });
    return true;
  }
}

// Two messages may lie in one file: in a sink without places those of one server id, or of the same octets under one name;
// elsewhere one that took over a copy under another key, and one that came back under its old key.
bool OwedSteps::shared(const state::Row& row, const state::ReceiptRow& receipt) {
  return ledger_.lies_for_a_former_key(row, receipt) ||
         (receipt.place.empty() &&
          ledger_.lies_for_another(row.id, receipt.sink, receipt.location));
}

}  // namespace mailpipe::run
