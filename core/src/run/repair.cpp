// What a verification found is put right. See verification.hpp.
#include "run/to_receipt.hpp"
#include "run/verification.hpp"
#include "spool/spool.hpp"
#include "state/pack.hpp"

#include <mailpipe/file.hpp>

#include <algorithm>

namespace mailpipe::run {

namespace {

using state::Finding;

bool is_damage(const Finding& finding) {
  return finding.kind < Finding::Kind::Extra;
}

bool same_place(const state::ReceiptRow& receipt, const Finding& finding) {
  return receipt.sink == finding.sink && receipt.place == finding.place;
}

/// The message as it goes to that one place again, under the name that it had.
Item item_for(const state::Row& row, const Finding& finding) {
  Item item = row.item;
  item.places.clear();
  if (finding.place.empty()) {
    const std::size_t dot = finding.location.rfind('.');
    item.name = finding.location.substr(0, dot);
  } else {
    item.places.push_back({.id = finding.place, .path = state::unpack(finding.place), .role = {}});
  }
  return item;
}

}  // namespace

bool Verification::put_right() {
  bool run = false;
  in_.book.for_each([&](Finding& finding) {
    if (is_damage(finding)) {
      run = put_right(finding) || run;
    }
  });
  return run;
}

// The file goes to the trash and that is durable before its receipt is forgotten: killed in between, the next verification
// finds it missing.
bool Verification::put_right(Finding& finding) {
  stop_if_told();
  const SinkPart& part = *part_of(finding.sink);
  if (!part.can.remove || finding.row == 0) {
    finding.end = Finding::End::Failed;
    finding.reason = part.can.remove ? "" : "this kind of destination is only reported on";
    in_.book.update(finding);
    return false;
  }
  if (finding.kind != Finding::Kind::Missing && !move_aside(part, finding)) {
    finding.end = Finding::End::Failed;
    in_.book.update(finding);
    return false;
  }
  const bool gone = in_.ledger.get(finding.row).state == state::RowState::Gone;
  if (gone && part.on_remove == OnRemove::Keep) {
    if (restore(finding)) {
      finding.end = Finding::End::Repaired;
      in_.book.update(finding);
      return false;
    }
    return lose(finding);
  }
  for (const state::ReceiptRow& receipt : in_.ledger.receipts(finding.row)) {
    if (same_place(receipt, finding)) {
      in_.ledger.remove_receipt(receipt);
    }
  }
  if (gone) {
    finding.end = Finding::End::Repaired;
    finding.reason = "the server removed it, and so does this sink";
    in_.book.update(finding);
    in_.ledger.commit();
    return false;
  }
  in_.ledger.set_sink_complete(part.id, false);
  in_.ledger.owe(part.id, finding.row);  // where another place is whole, it is linked from there
  in_.ledger.commit();
  return true;
}

// True: nothing lies in its place any more.
bool Verification::move_aside(const SinkPart& part, Finding& finding) {
  const Receipt receipt{.key = finding.key,
                        .place = finding.place,
                        .location = finding.location,
                        .size = finding.size,
                        .digest = finding.digest,
                        .keywords = {}};
  try {
    part.sink->remove(receipt, Removal::Trash);
    part.sink->sync(SyncPhase::Names);
    part.sink->read(receipt, [](std::string_view) {});
    finding.reason = "it could not be moved aside";
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::Item) {
      return true;
    }
    finding.reason = error.what();
  }
  return false;
}

// From another copy, whose octets are those that the server sent.
bool Verification::restore(const Finding& finding) {
  const state::Row row = in_.ledger.get(finding.row);
  const File dir = open_dir(in_.fs, AT_FDCWD, in_.setup.state_dir / "spool");
  spool::Spool spool(in_.fs, dir, in_.setup.settings.memory);
  for (const state::ReceiptRow& from : in_.ledger.receipts(finding.row)) {
    const SinkPart* source = part_of(from.sink);
    const bool usable = source != nullptr && source->can.read && !same_place(from, finding) &&
                        from.state == state::ReceiptRow::State::Stored;
    if (!usable) {
      continue;
    }
    try {
      const auto writer = spool.open(from.size);
      source->sink->read(to_receipt(row.item.key, from),
                         [&](std::string_view octets) { writer->write(octets); });
      const auto body = writer->finish();
      if (body->digest() == row.digest.value_or(from.digest)) {
        return copy_to(*part_of(finding.sink), finding, row, body);
      }
    } catch (const Error& error) {
      if (error.error_class() != ErrorClass::Item) {
        throw;
      }
    }
  }
  return false;
}

// The order of a commit (committer.hpp), for one message.
bool Verification::copy_to(const SinkPart& part, const Finding& finding, const state::Row& row,
                           const std::shared_ptr<const spool::SpooledBody>& body) {
  Sink& sink = *part.sink;
  const Staged staged = sink.store(item_for(row, finding), body->view());
  if (staged.placed.size() != 1) {
    sink.discard(staged);
    return false;
  }
  sink.sync(SyncPhase::Data);
  state::IntentRow intent{.row = row.id,
                          .sink = part.id,
                          .place = staged.placed.front().place,
                          .location = staged.placed.front().location,
                          .token = staged.token,
                          .key = row.item.key,
                          .size = body->size(),
                          .digest = body->digest(),
                          .keywords = row.item.keywords};
  in_.ledger.put_intent(intent, body->header_digest());
  in_.ledger.commit();
  sink.publish(staged);
  sink.sync(SyncPhase::Names);
  intent.id = in_.ledger.intents(part.id).back().id;
  in_.ledger.redeem(intent);
  in_.ledger.update(row);  // it stays what it is: gone, perhaps
  in_.ledger.commit();
  return true;
}

bool Verification::make_good() {
  bool offered = false;
  in_.book.for_each([&](Finding& finding) {
    if (is_damage(finding) && finding.end == Finding::End::Found) {
      offered = make_good(finding) || offered;
    }
  });
  return offered;
}

// The run was there. True: duplicates take its place.
bool Verification::make_good(Finding& finding) {
  const auto receipts = in_.ledger.receipts(finding.row);
  const bool mirrors = part_of(finding.sink)->on_remove != OnRemove::Keep;
  const auto there = [&](const state::ReceiptRow& receipt) {
    const bool here = mirrors ? receipt.sink == finding.sink : same_place(receipt, finding);
    return here && receipt.state == state::ReceiptRow::State::Stored;
  };
  if (std::any_of(receipts.begin(), receipts.end(), there) || restore(finding)) {
    finding.end = Finding::End::Repaired;
  } else if (in_.ledger.get(finding.row).state != state::RowState::Gone &&
             std::none_of(receipts.begin(), receipts.end(), [&](const state::ReceiptRow& receipt) {
               return receipt.sink == finding.sink &&
                      receipt.state == state::ReceiptRow::State::Gone;
             })) {
    finding.end = Finding::End::Failed;
    finding.reason = "moved aside; the next run fetches it";
  } else {
    return lose(finding);
  }
  in_.book.update(finding);
  return false;
}

// Neither the server nor a sink has its octets: the receipt goes, and what was left out as its duplicate is offered again.
bool Verification::lose(Finding& finding) {
  state::Row row = in_.ledger.get(finding.row);
  bool copies = false;
  for (const state::ReceiptRow& receipt : in_.ledger.receipts(finding.row)) {
    if (same_place(receipt, finding)) {
      in_.ledger.remove_receipt(receipt);
    } else {
      copies = copies || receipt.state == state::ReceiptRow::State::Stored;
    }
  }
  finding.end = copies ? Finding::End::Failed : Finding::End::Lost;
  finding.reason = copies ? "no other copy is whole, and the server has it no longer"
                          : "the server has it no longer, and there is no other copy";
  bool offered = false;
  if (!copies) {
    row.state = state::RowState::Gone;
    in_.ledger.update(row);
    offered = in_.ledger.judge_duplicates_again(row.item.key) > 0;
  }
  in_.ledger.commit();
  in_.book.update(finding);
  return offered;
}

}  // namespace mailpipe::run
