#pragma once

#include "run/flight.hpp"
#include "run/settings.hpp"
#include "run/sink_lane.hpp"
#include "state/ledger.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace mailpipe::run {

/// Turns staged messages into receipts, a batch at a time, while the next batch is being staged:
///
///   data sync -> ledger: intents -> publish, names sync -> ledger: receipts, cursors
///
/// The order is the whole point: state is never ahead of the disk (ARCHITECTURE.md, "Commit").
///
/// A lane that fails in a step leaves the batch: before the intents its stagings are discarded, after them its intents
/// stay open for recovery. The other lanes go on to their receipts.
/// Threads  The engine's.
class Committer {
 public:
  using Clock = std::chrono::steady_clock;
  using Lanes = std::vector<std::unique_ptr<SinkLane>>;

  struct Replies {
    std::function<void(Flight&)>
        write_rows;  ///< before the receipts' commit: the row and its filters, in the same transaction
    std::function<void()> write_cursors;                   ///< likewise, once a batch
    std::function<void(std::unique_ptr<Flight>)> settled;  ///< after it
    std::function<void(SinkLane&, const Error&)> lane_failed;
  };

  Committer(state::Ledger& ledger, Lanes& lanes, const Settings& settings, Replies replies)
      : ledger_(ledger),
        lanes_(lanes),
        settings_(settings),
        replies_(std::move(replies)) {}

  /// A message that is staged on every sink that wants it.
  void add(std::unique_ptr<Flight> flight);

  /// Begins a batch if one is due and none is being committed; `force`: whatever there is.
  void begin_if_due(bool force);

  bool idle() const noexcept { return open_.empty() && !committing_; }

  std::optional<Clock::time_point> due() const;

  /// The run is being given up: nothing further is begun; what is staged stays for the next run's sweep.
  std::vector<std::unique_ptr<Flight>> abandon();

 private:
  using Batch = std::vector<std::unique_ptr<Flight>>;

  void sync_data();
  void leave_out_dead_lanes();
  void write_intents();
  void publish();
  void publish_on(std::size_t lane);
  void write_receipts();
  void fail_lane(std::size_t lane, const Error& error);
  void put_receipts(const Flight& flight, std::size_t lane);
  bool lane_in_batch(std::size_t lane) const;
  void one_answered(void (Committer::*then)());

  state::Ledger& ledger_;
  Lanes& lanes_;
  const Settings& settings_;
  Replies replies_;
  Batch open_, batch_;
  std::uint64_t open_bytes_ = 0;
  Clock::time_point open_since_{};
  bool committing_ = false;
  std::size_t waiting_ = 0;  // lanes that have not answered the current step
};

}  // namespace mailpipe::run
