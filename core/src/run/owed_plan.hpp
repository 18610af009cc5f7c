#pragma once

#include "run/components.hpp"
#include "state/row.hpp"

#include <mailpipe/item.hpp>

#include <vector>

namespace mailpipe::run {

/// What one sink has to do so that its copies of a message are what the row says.
struct OwedPlan {
  std::vector<Mailbox> missing;           ///< places to add
  std::vector<state::ReceiptRow> change;  ///< copies whose keywords the server changed
  std::vector<state::ReceiptRow> extra;   ///< copies to take away
  std::vector<state::ReceiptRow> here;    ///< copies that are there

  bool additions() const noexcept { return !missing.empty() || !change.empty(); }
};

/// `item` as sinks get it (places.hpp); `receipts` of that sink alone. The one place that decides.
OwedPlan plan_owed(state::RowState state, const Item& item,
                   const std::vector<state::ReceiptRow>& receipts, const SinkPart& sink);

}  // namespace mailpipe::run
