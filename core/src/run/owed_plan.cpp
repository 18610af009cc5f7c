#include "run/owed_plan.hpp"

#include "run/same_words.hpp"

#include <algorithm>

namespace mailpipe::run {

OwedPlan plan_owed(state::RowState state, const Item& item,
                   const std::vector<state::ReceiptRow>& receipts, const SinkPart& sink) {
  OwedPlan plan;
  const bool stored = state == state::RowState::Stored;
  // A message without any place is one whose mailboxes are not known: nothing is taken away for that.
  const bool nowhere = stored && sink.can.places && item.places.empty();
  const bool mirror = sink.on_remove != OnRemove::Keep && !nowhere;
  for (const state::ReceiptRow& receipt : receipts) {
    if (receipt.state != state::ReceiptRow::State::Stored) {
      continue;
    }
    plan.here.push_back(receipt);
    const bool wanted =
        stored && (!sink.can.places ||
                   std::any_of(item.places.begin(), item.places.end(),
                               [&](const Mailbox& place) { return place.id == receipt.place; }));
    if (!wanted) {
      if (mirror) {
        plan.extra.push_back(receipt);
      }
    } else if (sink.can.update &&
               (sink.can.metadata || !same_words(receipt.keywords, item.keywords))) {
      plan.change.push_back(receipt);
    }
  }
  // A sink without any receipt left the message out, or lacks it: that is not decided here.
  if (stored && sink.can.places && !plan.here.empty()) {
    for (const Mailbox& place : item.places) {
      if (std::none_of(plan.here.begin(), plan.here.end(),
                       [&](const state::ReceiptRow& one) { return one.place == place.id; })) {
        plan.missing.push_back(place);
      }
    }
  }
  return plan;
}

}  // namespace mailpipe::run
