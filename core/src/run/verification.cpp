// Looking; repair.cpp puts right. See verification.hpp.
#include "run/verification.hpp"

#include "run/inbox.hpp"
#include "run/opening.hpp"
#include "run/recovery.hpp"
#include "run/sink_lane.hpp"
#include "run/to_receipt.hpp"
#include "spool/sha256.hpp"

#include <algorithm>
#include <map>

namespace mailpipe::run {

namespace {

constexpr std::size_t kChunk = 500;
using state::Finding;

/// What its size says of a copy that is not whole.
void measure(Finding& finding, std::uint64_t stored) {
  finding.kind = finding.size < stored ? Finding::Kind::Truncated : Finding::Kind::Damaged;
  if (finding.size != stored) {
    finding.detail = std::to_string(finding.size) + " of " + std::to_string(stored) + " octets";
  }
}

}  // namespace

void Verification::stop_if_told() const {
  if (in_.cancellation.level() != Cancel::Running) {
    throw Error(ErrorClass::Cancelled, "the verification was stopped; nothing was changed by it");
  }
}

const SinkPart* Verification::part_of(const std::string& sink) const {
  for (const SinkPart& part : in_.components.sinks) {
    if (part.id == sink) {
      return &part;
    }
  }
  return nullptr;
}

void Verification::open(bool repair) {
  for (const SinkPart& part : in_.components.sinks) {
    open(part, repair);
  }
  if (repair) {
    in_.ledger.settle_in_flight();
    in_.ledger.commit();
  }
}

std::vector<SinkVerified> Verification::check(const std::vector<std::string>& sinks) {
  for (const std::string& id : sinks) {
    if (part_of(id) == nullptr) {
      throw Error(ErrorClass::Config, "the pipeline has no sink of that name: " + id,
                  "'mailpipe state show' names them");
    }
  }
  std::vector<SinkVerified> out;
  for (const SinkPart& part : in_.components.sinks) {
    if (sinks.empty() || std::find(sinks.begin(), sinks.end(), part.id) != sinks.end()) {
      out.push_back(check_sink(part));
    }
  }
  return out;
}

// As for a run, with what an unclean end left behind walked; or only to look, also where nothing is repaired: an mbox that
// somebody cut short refuses to be written to.
void Verification::open(const SinkPart& part, bool repair) {
  const bool to_recover = !in_.ledger.intents(part.id).empty();
  if (!repair || (!part.can.remove && !to_recover)) {
    part.sink->open(true);
    check_marker(part);
    return;
  }
  Inbox inbox(1);
  SinkLane lane(part, inbox);
  open_sink(lane, in_.ledger, in_.setup);
  recover_sink(lane, in_.ledger);
  if (to_recover) {  // a message may be whole on one sink and not on another
    for (const SinkPart& one : in_.components.sinks) {
      in_.ledger.set_sink_complete(one.id, false);
    }
  }
}

// A folder whose disk is not mounted is not a million missing files.
void Verification::check_marker(const SinkPart& part) {
  const RootState root = part.sink->root();
  if (root.marker.find(in_.ledger.id()) != std::string::npos) {
    return;
  }
  refuse_if_elsewhere(part, in_.ledger);
}

SinkVerified Verification::check_sink(const SinkPart& part) {
  SinkVerified out{.id = part.id, .root = part.root};
  out.checked = part.can.read || part.can.scan;
  out.repairable = part.can.remove;
  if (!out.checked) {
    return out;
  }
  scan(part);
  claim_intents(part);
  const std::uint64_t all = in_.ledger.count_copies(part.id);
  state::RowId row = 0;
  std::string place;
  for (auto copies = in_.ledger.copies_on(part.id, row, place, kChunk); !copies.empty();
       copies = in_.ledger.copies_on(part.id, row, place, kChunk)) {
    for (const state::VerifiedCopy& copy : copies) {
      stop_if_told();
      check_copy(part, copy);
      out.bytes += copy.receipt.size;
      in_.progress(part.id, ++out.copies, all);
    }
    row = copies.back().receipt.row;
    place = copies.back().receipt.place;
  }
  settle(part);
  report_unclaimed(part, out);
  out.lacking = in_.ledger.count_lacking(part.id);
  return out;
}

// What cannot be scanned to the end is read copy by copy, and says nothing of files that are too many.
void Verification::scan(const SinkPart& part) {
  in_.book.begin_sink();
  if (!part.can.scan) {
    return;
  }
  try {
    std::uint64_t files = 0;
    part.sink->scan([&](const Found& file) {
      stop_if_told();
      in_.progress(part.id, ++files, 0);
      in_.book.add_file(file);
    });
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::Cancelled) {
      throw;
    }
    in_.book.begin_sink();
    in_.book.add({.kind = Finding::Kind::Unreadable, .sink = part.id, .detail = error.what()});
  }
}

// A run that broke off placed them.
void Verification::claim_intents(const SinkPart& part) {
  for (const state::IntentRow& intent : in_.ledger.intents(part.id)) {
    if (intent.has_a_receipt()) {
      continue;
    }
    if (!in_.book.claim(intent.location, intent.size, intent.digest) &&
        !in_.book.claim_elsewhere(intent.size, intent.digest)) {
      in_.book.claim_name(intent.location);
    }
  }
}

// In a file that others append to as well it is nobody's fault.
void Verification::report_unclaimed(const SinkPart& part, SinkVerified& out) {
  in_.book.unclaimed([&](const std::string& location) {
    if (part.can.remove) {
      in_.book.add({.kind = Finding::Kind::Extra, .sink = part.id, .location = location});
    } else {
      ++out.others;
    }
  });
}

void Verification::check_copy(const SinkPart& part, const state::VerifiedCopy& copy) {
  const state::ReceiptRow& receipt = copy.receipt;
  if (in_.book.claim(receipt.location, receipt.size, receipt.digest)) {
    return;
  }
  Finding finding{.kind = Finding::Kind::Missing,
                  .row = receipt.row,
                  .sink = part.id,
                  .key = copy.key,
                  .place = receipt.place,
                  .location = receipt.location};
  if (!part.can.read || !read_copy(part, copy, finding)) {
    if (finding.kind != Finding::Kind::Missing) {
      in_.book.claim_name(receipt.location);
    }
    in_.book.add(finding);
  } else if (receipt.adopted || !part.can.scan) {
    in_.book.claim_name(receipt.location);
  } else {
    finding.kind = Finding::Kind::Moved;
    in_.book.add(finding);
  }
}

// Whether it is what was stored; if not, the finding says what it is.
bool Verification::read_copy(const SinkPart& part, const state::VerifiedCopy& copy,
                             Finding& finding) {
  const state::ReceiptRow& receipt = copy.receipt;
  try {
    spool::Sha256 hash;
    part.sink->read(to_receipt(copy.key, copy.receipt), [&](std::string_view octets) {
      hash.update(octets);
      finding.size += octets.size();
    });
    finding.digest = hash.finish();
    // What was adopted may be read as the server sent it, while its receipt is of the file as it lay there.
    if (finding.digest == receipt.digest || (receipt.adopted && finding.digest == copy.original)) {
      return true;
    }
    measure(finding, receipt.size);
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::Cancelled) {
      throw;
    }
    finding.kind = error.error_class() == ErrorClass::Item ? Finding::Kind::Missing
                                                           : Finding::Kind::Unreadable;
    finding.detail = finding.kind == Finding::Kind::Missing ? "" : error.what();
  }
  return false;
}

// In a file of many messages a place is only a hint. Once all that lie in their places are found, the others take what is
// left with their octets; and what lies then where one lay, and is nobody's, is that one, damaged. It may have been read
// whole all the same, from a message with equal octets.
void Verification::settle(const SinkPart& part) {
  in_.book.for_each([&](Finding& finding) {
    if (finding.sink == part.id && finding.kind == Finding::Kind::Moved &&
        in_.book.claim_elsewhere(finding.size, finding.digest)) {
      in_.book.erase(finding);
    }
  });
  in_.book.for_each([&](Finding& finding) {
    const bool moved = finding.kind == Finding::Kind::Moved;
    if (finding.sink != part.id || (!moved && finding.kind != Finding::Kind::Missing)) {
      return;
    }
    if (const auto size = in_.book.claim_name(finding.location)) {
      finding.size = *size;
      measure(finding, stored_size(finding));
      in_.book.update(finding);
    } else if (moved) {
      in_.book.erase(finding);
    }
  });
}

std::uint64_t Verification::stored_size(const Finding& finding) const {
  for (const state::ReceiptRow& receipt : in_.ledger.receipts(finding.row)) {
    if (receipt.sink == finding.sink && receipt.place == finding.place) {
      return receipt.size;
    }
  }
  return 0;
}

}  // namespace mailpipe::run
