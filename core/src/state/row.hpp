#pragma once

#include <mailpipe/item.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::state {

using RowId = std::int64_t;

/// What became of a message. The numbers are in the ledger file: never change one.
enum class RowState : std::int64_t {
  None = 0,  ///< no row
  InFlight = 1,
  Stored = 2,
  Filtered = 3,
  Deduplicated = 4,
  Held = 5,
  Quarantined = 6,
  Gone = 7,
  Dropped = 8,  ///< quarantined, and the user did without it
};

const char* name_of(RowState state) noexcept;

/// How a key is counted in the report of a run. The numbers are in the ledger file.
enum class Outcome : std::int64_t {
  None = 0,
  Known = 1,
  Updated = 2,
  Filtered = 3,
  Held = 4,
  Deduplicated = 5,
  Stored = 6,
  Quarantined = 7,
  Gone = 8,
  Failed = 9,
};

/// One message that the ledger knows. `item.places` have ids only; Ledger::complete() fills in the rest.
struct Row {
  RowId id = 0;
  RowState state = RowState::None;
  Item item;
  std::optional<Digest> digest, header_digest;
  std::string reason;  ///< filtered: "window: before-first-run"; quarantined: what failed
  std::optional<std::chrono::sys_seconds> due;  ///< held: until then
  std::string owner;                            ///< deduplicated: the key of what it duplicates
  std::int64_t tries = 0;
  std::int64_t seen = 0;            ///< number of the last complete listing that brought it
  std::int64_t counted = 0;         ///< run in which it was last counted ...
  Outcome outcome = Outcome::None;  ///< ... and as what
  std::uint64_t told_in = 0;  ///< group of checkpoints (run/checkpoints.hpp); not in the ledger
};

/// Where one place of a message lies, or why it lies nowhere.
struct ReceiptRow {
  enum class State : std::int64_t { Stored = 1, Filtered = 2, Gone = 3 };

  RowId row = 0;
  std::string sink, place, location;
  std::uint64_t size = 0;
  Digest digest{};
  bool adopted = false;  ///< not written by us: the digest is of the file as it lay there
  State state = State::Stored;
  std::vector<std::string> keywords;  ///< as the sink was last given them
};

/// What is being done to one place of a message in a sink. Without a location: what lies there gets other keywords or is taken
/// away.
struct IntentRow {
  std::int64_t id = 0;
  RowId row = 0;
  std::string sink, place, location, token, key;
  std::uint64_t size = 0;
  Digest digest{};
  std::vector<std::string> keywords;  ///< as given to the sink

  static IntentRow of_removal(const ReceiptRow& receipt) {
    return {.row = receipt.row,
            .sink = receipt.sink,
            .place = receipt.place,
            .token = "removal",
            .size = receipt.size,
            .digest = receipt.digest};
  }

  bool has_a_receipt() const noexcept { return location.empty(); }

  bool removes() const noexcept { return location.empty() && !token.empty(); }

  bool changes_keywords() const noexcept { return location.empty() && token.empty(); }
};

}  // namespace mailpipe::state
