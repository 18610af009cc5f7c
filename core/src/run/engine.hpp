#pragma once

#include "run/accounts.hpp"
#include "run/backoff.hpp"
#include "run/chain.hpp"
#include "run/checkpoints.hpp"
#include "run/committer.hpp"
#include "run/fetch_queue.hpp"
#include "run/flight.hpp"
#include "run/inbox.hpp"
#include "run/order.hpp"
#include "run/owed_steps.hpp"
#include "run/row_event.hpp"
#include "run/runner.hpp"
#include "spool/spool.hpp"
#include "state/ledger.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace mailpipe::run {

/// One run. It is an actor: one thread owns the ledger, the rows, the filters and all decisions; the source's threads and
/// the sinks' lanes send it what happened, through the Inbox.
///
///   list() --events--> judge --flights--> FetchQueue --> fetch() --bodies--> stage on lanes --> Committer --> ledger
///
/// Life cycle  Construct with ledger and lanes open and recovered; run() once.
/// Threads     run() on one thread; it starts and joins the source's.
/// Errors      Never throws for what a run can meet: it is in the report.
class Engine {
 public:
  /// What a run works on; all borrowed.
  struct Parts {
    const Setup& setup;
    const Runner::Services& services;
    const Components& components;
    state::Ledger& ledger;
    Inbox& inbox;
    Committer::Lanes& lanes;
    spool::Spool& spool;
    std::chrono::sys_seconds run_time;
  };

  explicit Engine(const Parts& parts);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void run(RunReport& report);

  /// Whether that message is being fetched, staged or committed.
  bool on_its_way(std::string_view key) const;

 private:
  using Clock = std::chrono::steady_clock;

  // ---- engine.cpp: the loop and its end; threads.cpp: the threads beside it
  FetchQueue::Replies fetch_replies();
  Committer::Replies commit_replies();
  OwedSteps::Replies owed_replies();
  void write_cursors();
  void start_threads();
  void start_watcher();
  void loop();
  bool finished();
  void advance();
  void settle_sinks();
  bool may_remove();
  Clock::time_point next_deadline();
  void stop(const std::optional<Error>& why, const std::string& component);
  void report_error(const Error& error, const std::string& component);
  void give_up_flights();
  void end(RunReport& report);
  void guarded(const std::function<void()>& loop);
  void list_loop();
  void fetch_loop();
  void watch_loop();
  Cursors cursors();
  Cursors cursors_when_quiet();
  bool nothing_can_join() const;
  void flush();

  // ---- listing.cpp: what the source tells

  /// How far the attempts of one listing came.
  struct ListProgress {
    std::uint64_t furthest = 0;  ///< events that one attempt told since the cursor below
    std::string cursor;
  };

  class ListEmitter;
  std::unique_ptr<Emitter> make_emitter(Backoff& backoff, ListProgress& progress);
  void on_event(Event event);
  void on_item(Event event);
  void on_keywords(Event event);
  void on_removed(const std::string& key, std::uint64_t told_in);
  void removed_in_flight(Flight& flight, std::uint64_t told_in);
  void on_gone(const Event& event);
  void on_listing_end(StreamId stream);
  void remove_unlisted(StreamId stream, std::int64_t number);
  void on_list_done();
  void on_list_failed(const Error& error);
  void removed_row(state::Row row, std::uint64_t told_in);
  void known(state::Row row, Action action, Item item);
  bool take_back(state::Row& row);
  void on_mailbox(StreamId stream, const Mailbox& mailbox);
  void keep_mailboxes();
  void on_mailbox_removed(StreamId stream, const std::string& id);
  void owe(state::RowId row);
  void owe_removal(state::RowId row);

  // ---- doubts.cpp: what came or went after the cursor that a listing goes on from
  void on_checkpoint(Event event);
  void end_doubts();
  void remove_untold(StreamId stream);
  void take_back_untold(StreamId stream);

  // ---- reoffering.cpp: what comes up without being listed
  void reoffer();
  void catch_up();

  // ---- matching.cpp: a message that is new to the ledger, but perhaps not to the sinks
  bool match(state::Row& row);
  bool revive(state::Row& row, state::RowId dead, const Checkpoints::Member& group);
  bool is_free(const state::Row& dead) const;
  std::vector<Twin> twins_of(const state::Row& row);
  void on_matching_body(std::unique_ptr<Flight> flight, const spool::SpooledBody& body);
  bool settle_as(Flight& flight, const Twin& twin);
  bool adopt(state::Row& row);
  bool adopt_file(state::Row& row, const std::vector<state::FoundRow>& files);
  void move_aside(SinkLane& lane, const state::FoundRow& found);
  void sample(const state::Row& row, const Digest& digest);
  void on_sample(Flight& flight, const spool::SpooledBody& body);

  // ---- copying.cpp: octets that a sink has already
  bool copy_instead(std::unique_ptr<Flight>& flight);
  bool plan_copy(Flight& flight, const state::Row& from, std::optional<std::size_t>& reader);
  void read_copy(std::uint64_t token, std::size_t lane, const Receipt& from);
  bool follow(std::unique_ptr<Flight>& flight);
  static std::optional<Receipt> copy_on(const SinkLane& lane,
                                        const std::vector<state::ReceiptRow>& receipts);
  void leave(const Flight& flight);
  void go_on_without(std::uint64_t token);

  // ---- duplicates.cpp: messages that a filter calls the same as another
  enum class Next { Go, Ends, Waits };
  Next heed(Flight& flight, const Chain::Result& result);
  bool waits_for(std::uint64_t token, std::uint64_t other) const;
  void wait_for_owner(std::unique_ptr<Flight> flight);
  void go_on_after_owner(std::unique_ptr<Flight> flight);
  void link_to_owner(Flight& flight);
  void hand_over(const std::string& owner);
  bool has_successor(const state::Row& row);

  // ---- filling.cpp: what one sink lacks and another has
  void fill_ordered();
  bool fill_chunk();
  bool fill_from_sink(std::unique_ptr<Flight>& flight);

  // ---- turns.cpp: the order in which messages reach sinks that keep one
  void fly(std::unique_ptr<Flight> flight);
  void take_turns(const Order::Turns& turns);
  void give_back(Flight& flight);
  void comes_late(std::uint64_t token);
  void discard(Leg& leg, std::size_t lane);

  // ---- flights.cpp, source_answers.cpp, landing.cpp: messages on their way
  enum class Origin { Listing, Reoffer, CatchUp };
  void judge(state::Row row, Origin origin, Checkpoints::Member group = {});
  void send_on_its_way(std::unique_ptr<Flight> flight);
  void end_here(Flight& flight);
  void hold_cursor(Flight& flight);
  void heed_told(Flight& flight);
  void settle_verdict(Flight& flight, const Chain::Result& result);
  void refuse(std::unique_ptr<Flight> flight, const Error& error);
  void nobody_wants(Flight& flight);
  void put(state::Row& row, state::RowState state, state::Outcome outcome);
  bool plan_legs(Flight& flight);
  void judge_leg(Leg& leg, std::size_t lane, const Body* body);
  void launch(std::unique_ptr<Flight> flight, Want want = Want::Body);
  void fetch_places(const state::Row& row, std::size_t lane, std::vector<Mailbox> places);
  void on_body(std::uint64_t token, std::shared_ptr<const spool::SpooledBody> body);
  void on_fetch_failed(std::uint64_t token, const Error& error);
  bool counts_as_try(Flight& flight, ErrorClass error_class);
  void on_fetch_gone(std::uint64_t token);
  void on_fetch_returned(std::uint64_t token);
  Next judge_body(Flight& flight);
  void on_octets(Flight& flight);
  void on_source_failed(const Error& error);
  bool hold_source(const Error& error);
  void stage(Flight& flight);
  void stage_now(Flight& flight);
  void stage_on(Flight& flight, std::size_t lane);
  void on_staged(std::uint64_t token, std::size_t lane, const std::optional<Error>& error,
                 Staged staged);
  void all_staged(std::uint64_t token);
  void quarantine(std::unique_ptr<Flight> flight, const Error& error);
  void fail(Flight& flight, const std::string& reason);
  void write_rows(Flight& flight);
  void on_settled(std::unique_ptr<Flight> flight);
  void on_lane_failed(SinkLane& lane, const Error& error);
  void ready_to_commit(std::unique_ptr<Flight> flight);
  void landed(Flight& flight);
  std::unique_ptr<Flight> take(std::uint64_t token);
  void settle_filters(Flight& flight, bool durable);
  void note(const std::string& key, const char* state, const std::string& reason);

  const Setup& setup_;
  const Runner::Services& services_;
  const Components& components_;
  state::Ledger& ledger_;
  Inbox& inbox_;
  Committer::Lanes& lanes_;
  const std::chrono::sys_seconds run_time_;
  const bool dry_run_;
  const Chain chain_;
  std::vector<Chain> sink_chains_;
  std::int64_t run_ = 0;
  Accounts accounts_;
  Checkpoints checkpoints_;
  const bool ordered_;  // some sink keeps the order of messages
  Order order_;
  std::unordered_set<std::uint64_t> late_;  // in line, and fetched once more
  FetchQueue queue_;
  spool::Spool& spool_;
  Committer committer_;
  OwedSteps owed_;
  Backoff fetch_backoff_;
  Clock::time_point source_held_until_{};

  std::unordered_map<std::uint64_t, std::unique_ptr<Flight>>
      flights_;                                      // not yet with the committer
  std::unordered_map<std::string, Flight*> by_key_;  // all of them
  std::uint64_t next_token_ = 1;
  std::unordered_map<std::string, std::uint64_t> leaders_;  // by server id: the first on its way
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>>
      followers_;  // by leader: the same message once more; they wait for its octets
  std::uint64_t sampled_ = 0, adopted_ = 0;

  struct CompleteListing {
    std::int64_t number = 0;
    std::set<std::string> mailboxes;  // those that it named
  };

  std::map<StreamId, CompleteListing> listing_;  // streams that are being listed whole
  std::int64_t listing_number_ = 0;
  bool doubts_ = false;  // some rows came or went after the cursors that this listing goes on from
  std::map<StreamId, std::string> doubted_cursors_;  // wait for what becomes of such rows
  bool first_listing_ = false;  // no complete listing of all streams was ever finished and settled
  bool listed_whole_ = false;   // this run's listing ended well
  std::function<void()> when_quiet_;  // a listing to be tried again waits for it
  bool list_done_ = false;
  bool stopping_ = false;
  bool aborted_ = false;
  enum class Phase {
    Filling,
    Listing,
    Reoffering,
    CatchingUp,
    Placing,
    Removing,
    Draining
  } phase_ = Phase::Listing;
  state::RowId reoffered_to_ = 0;
  std::size_t catch_up_lane_ = 0;
  std::uint64_t quarantined_ = 0;
  std::uint64_t bodies_ = 0;  // that came through

  std::optional<Clock::time_point> grace_end_;
  Clock::time_point last_flush_ = Clock::now();
  RunReport* report_ = nullptr;
  std::vector<std::thread> threads_;
  std::thread watcher_;
  bool mailboxes_unkept_ = false;  // told of in this transaction
  int watcher_stop_fd_;            // readable: the watcher ends

  /// So many messages may be on their way; past it the source's events wait.
  static constexpr std::size_t kMaxFlights = 3'000;
  static constexpr std::size_t kChunk = 200;
};

}  // namespace mailpipe::run
