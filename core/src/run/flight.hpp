#pragma once

#include "run/chain.hpp"
#include "run/checkpoints.hpp"
#include "spool/spool.hpp"
#include "state/row.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/item.hpp>
#include <mailpipe/sink.hpp>
#include <mailpipe/source.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::run {

/// What one sink does with one message that is on its way.
struct Leg {
  enum class State {
    Unwanted,  ///< the sink has it already, or is off
    Filtered,  ///< the sink's own filters do not want it
    Wanted,
    Staged,
    Durable,
    Failed
  } state = State::Unwanted;
  std::optional<Item> item;  ///< as the sink's own filters left it; none: the sink has no filters
  Chain::Tokens tokens;
  std::size_t next_filter = 0;       ///< where the sink's filters go on once the body is here
  bool judged = false;               ///< they have all spoken
  std::optional<Receipt> link_from;  ///< the sink has the same octets already: a link will do
  Staged staged;

  /// What lies in the sink, where that differs from what the source sent: a duplicate by Message-ID alone may be linked to
  /// other octets.
  const Digest& digest_in(const Digest& sent) const { return link_from ? link_from->digest : sent; }

  std::uint64_t size_in(std::uint64_t sent) const { return link_from ? link_from->size : sent; }
};

/// What lies in a sink and may be the octets of a message that is new to the ledger: a row whose key is dead, or a file
/// that a scan found.
struct Twin {
  state::RowId row = 0;    ///< or 0
  std::int64_t found = 0;  ///< or 0
  Digest digest{}, header_digest{};
};

/// One message between the decision to fetch it and its receipts.
struct Flight {
  enum class Purpose {
    Store,   ///< to the sinks
    Match,   ///< its header, then its body, decides which twin it is
    Sample,  ///< its body is compared with a file that was adopted
  } purpose = Purpose::Store;
  std::uint64_t token = 0;
  state::Row row;  ///< id 0: not in the ledger yet
  Item item;       ///< the row's, with what filters chose (name, places), places complete
  Work work;       ///< as it was given to the queue
  Chain::Tokens tokens;
  std::size_t next_filter = 0;  ///< where the chain goes on once the body is here
  bool chain_done = false;
  int tries = 0;
  std::uint64_t bodies_at_fault = 0;  ///< Engine::bodies_ when it last met a fault that should pass
  std::uint64_t removed_in = 0;  ///< where `removed`: the group of checkpoints in which it was told
  bool removed = false;          ///< the source removed it meanwhile: gone once settled
  bool durable = false;          ///< on every required sink
  bool catch_up = false;         ///< stored already; some sink lacks it
  bool listed = false;           ///< brought up by a listing: cursors wait for it
  Checkpoints::Member group;
  std::vector<Twin> twins;  ///< Match: those still possible; Sample: what it must be
  std::string leads;        ///< server id under which others wait for it; the row's may change
  bool copied = false;      ///< the octets come from a sink
  bool shared = false;      ///< its body counts in the queue's limits, until it is given back
  std::string owner;     ///< linked duplicate: the key of the message that its sinks have already
  bool waits = false;    ///< for the message that it duplicates, which is on its way
  std::string replaces;  ///< the message that it was a duplicate of until now
  bool changed = false;  ///< it, or the name of a mailbox of its stream, since it was judged
  std::shared_ptr<const spool::SpooledBody> body;
  std::uint64_t size = 0;  ///< octets, once the body came
  Digest digest{}, header_digest{};
  std::optional<std::uint64_t> message_id;  ///< its hash, once the body came
  std::vector<Leg> legs;                    ///< one per sink
  std::size_t staging = 0;                  ///< legs whose store() has not answered yet
  std::optional<Error> item_error;          ///< a sink refused this message
};

}  // namespace mailpipe::run
