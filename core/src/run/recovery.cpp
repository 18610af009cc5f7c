#include "run/recovery.hpp"

#include "run/places.hpp"
#include "run/to_receipt.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

namespace {

std::vector<state::ReceiptRow> copies_of(const state::IntentRow& intent, state::Ledger& ledger) {
  std::vector<state::ReceiptRow> out = ledger.receipts(intent.row);
  std::erase_if(out, [&](const state::ReceiptRow& one) {
    return one.sink != intent.sink || one.place != intent.place ||
           one.state != state::ReceiptRow::State::Stored;
  });
  return out;
}

// Whether keywords that were being changed were changed, no sink can say, and what the server says next may be what it said
// before: they are changed once more.
void change_keywords_again(SinkLane& lane, state::Ledger& ledger,
                           const std::vector<state::IntentRow>& open) {
  std::vector<std::pair<state::ReceiptRow, Item>> copies;
  for (const state::IntentRow& intent : open) {
    if (!intent.changes_keywords()) {
      continue;
    }
    Item item = ledger.get(intent.row).item;
    item.keywords = intent.keywords;
    ledger.complete(item);
    for (state::ReceiptRow& receipt : copies_of(intent, ledger)) {
      copies.emplace_back(std::move(receipt), as_placed(item));
    }
  }
  if (copies.empty()) {
    return;
  }
  lane.do_now([&](Sink& sink) {
    for (auto& [receipt, item] : copies) {
      receipt.location = sink.update(to_receipt(item.key, receipt), item);
      receipt.keywords = item.keywords;
    }
    sink.sync(SyncPhase::Names);
  });
  for (const auto& [receipt, item] : copies) {
    ledger.put_receipt(receipt);
  }
}

// What was being taken away may be there or not, and if the server has it again by now nothing will be owed: a receipt of what
// is not there any more goes, once the removal is whole and durable. What is there is planned anew; the sink may be an archive.
void look_for_removed(SinkLane& lane, state::Ledger& ledger,
                      const std::vector<state::IntentRow>& open) {
  std::vector<std::pair<std::string, state::ReceiptRow>> copies;
  for (const state::IntentRow& intent : open) {
    if (intent.removes()) {
      for (state::ReceiptRow& receipt : copies_of(intent, ledger)) {
        copies.emplace_back(intent.key, std::move(receipt));
      }
    }
  }
  if (copies.empty()) {
    return;
  }
  const Removal how = lane.part().on_remove == OnRemove::Delete ? Removal::Delete : Removal::Trash;
  lane.do_now([&](Sink& sink) {
    std::erase_if(copies, [&](const auto& copy) {
      return sink.recover({to_receipt(copy.first, copy.second), {}});
    });
    for (const auto& [key, receipt] : copies) {
      if (lane.part().mirrors()) {
        sink.remove(to_receipt(key, receipt), how);
      }
    }
    sink.sync(SyncPhase::Names);
  });
  for (const auto& [key, receipt] : copies) {
    ledger.remove_receipt(receipt);
  }
}

}  // namespace

void recover_sink(SinkLane& lane, state::Ledger& ledger) {
  const std::vector<state::IntentRow> open = ledger.intents(lane.part().id);
  std::vector<state::IntentRow> present;
  lane.do_now([&](Sink& sink) {
    for (const state::IntentRow& intent : open) {
      const Intent question{{.key = intent.key,
                             .place = intent.place,
                             .location = intent.location,
                             .size = intent.size,
                             .digest = intent.digest},
                            intent.token};
      if (!intent.has_a_receipt() && sink.recover(question)) {
        present.push_back(intent);
      }
    }
    if (!present.empty()) {
      sink.sync(SyncPhase::Names);
    }
    sink.sweep();
  });
  change_keywords_again(lane, ledger, open);
  look_for_removed(lane, ledger, open);
  std::set<state::RowId> partly;
  for (const state::IntentRow& intent : present) {
    ledger.redeem(intent);
    partly.insert(intent.row);
  }
  for (const state::IntentRow& intent : open) {
    ledger.forget(intent);
    if (partly.contains(intent.row)) {
      ledger.owe(lane.part().id,
                 intent.row);  // it lies in one of its mailboxes, perhaps not in all
    }
  }
}

}  // namespace mailpipe::run
