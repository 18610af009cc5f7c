#pragma once

#include "run/committer.hpp"
#include "run/owed_plan.hpp"
#include "run/settings.hpp"
#include "run/sink_lane.hpp"
#include "state/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

/// Brings the sinks in line with the rows, after everything listed is durable: mailboxes, further places, keywords; then,
/// where a sink mirrors, removals.
///
/// What is owed is a mark on the row, written with the change that made it; what to do follows from row and receipts
/// (plan_owed()). So every step may be done twice: after a kill in between, the next run plans it again and the sink finds
/// it done. What the server may take back until then has an intent (recover_sink()). In a chunk each place is durable before
/// its receipt is written, and all additions of a row before any of its removals, so a message that moves is never absent.
///
/// Threads  The engine's.
class OwedSteps {
 public:
  struct Replies {
    /// The sink has no copy to link from: fetch the message for these places.
    std::function<void(const state::Row&, std::size_t lane, std::vector<Mailbox>)> fetch;
    std::function<void(SinkLane&, const Error&)> lane_failed;
  };

  OwedSteps(state::Ledger& ledger, Committer::Lanes& lanes, const std::vector<FilterPart>& filters,
            Replies replies)
      : ledger_(ledger),
        filters_(filters),
        lanes_(lanes),
        replies_(std::move(replies)) {}

  /// Begins the next chunk of additions when none is running. True: there is none left.
  bool add();

  /// Places that would be taken away now.
  struct Removals {
    std::uint64_t last = 0;   ///< of messages that are gone
    std::uint64_t moved = 0;  ///< of messages that stay elsewhere
  };

  Removals count_removals();

  /// Likewise for removals, then for the mailboxes that are gone.
  bool remove();

  bool busy() const noexcept { return busy_; }

 private:
  struct Link {
    state::ReceiptRow from;
    Mailbox place;
    Staged staged;
    std::optional<Error> error;
  };

  struct Step {
    state::Row row;
    Item item;
    std::vector<Link> links;
    std::vector<state::ReceiptRow> changes;  ///< their locations are new afterwards
    std::uint64_t changed = 0;               ///< of them
    bool whole = true;                       ///< nothing is owed once this is done
  };

  using Steps = std::shared_ptr<std::vector<Step>>;

  /// Removals of some rows.
  struct Chunk {
    struct Place {
      Receipt receipt;
      state::ReceiptRow row;
      Removal how = Removal::Trash;  ///< what loses nothing
    };

    std::vector<Place> places;
    std::vector<state::RowId> rows;
  };

  bool make_mailboxes();
  bool add_on(std::size_t lane);
  Step addition(std::size_t lane, state::Row row);
  void added(std::size_t lane, const Steps& steps);
  static void stage(Sink& sink, std::vector<Step>& steps);
  void write_intents(std::size_t lane, const std::vector<Step>& steps);
  static void carry_out(Sink& sink, std::vector<Step>& steps);
  bool remove_on(std::size_t lane);
  Chunk removals_of(std::size_t lane, const std::vector<state::RowId>& ids);
  bool remove_mailboxes();
  void note_filled(std::size_t lane, const std::vector<Mailbox>& left);
  OwedPlan plan(std::size_t lane, const state::Row& row);
  Item as_given_to(std::size_t lane, Item item);
  std::vector<Mailbox> mailboxes_for(std::size_t lane, std::vector<Mailbox> mailboxes);
  bool shared(const state::Row& row, const state::ReceiptRow& receipt);
  bool mirrors(std::size_t lane) const;

  /// Runs the call on the lane; `then` only if it did not fail.
  void run(std::size_t lane, std::function<void(Sink&)> call, std::function<void()> then);

  state::Ledger& ledger_;
  const std::vector<FilterPart>& filters_;  ///< of the pipeline
  Committer::Lanes& lanes_;
  Replies replies_;
  bool busy_ = false;
  bool mailboxes_done_ = false, gone_mailboxes_done_ = false;
  std::size_t lane_ = 0;
  state::RowId after_ = 0;
  std::size_t mailbox_lane_ = 0;
  std::set<std::vector<std::string>> filled_;  ///< mailboxes that are gone while copies lie in them
  std::set<std::pair<std::size_t, state::RowId>> asked_;  ///< fetched for a place in this run

  static constexpr std::size_t kChunk = 500;
};

}  // namespace mailpipe::run
