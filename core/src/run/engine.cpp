// The loop of a run and its end. See engine.hpp.
#include "run/engine.hpp"

#include "run/exit_code.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mailpipe::run {

namespace {

constexpr std::chrono::milliseconds kFlushInterval{2000};
constexpr std::chrono::milliseconds kLongestSleep{1000};

// As many octets on their way as fit into memory, so that the spool file is for large messages. Sinks are busy with far
// less, and 8 MiB in 50 ms are more than a line brings.
FetchQueue::Limits limits_of(const Settings& settings) {
  return {.bytes = std::max<std::uint64_t>(settings.memory, 4ULL << 20U), .items = 1000};
}

}  // namespace

Engine::Engine(const Parts& parts)
    : setup_(parts.setup),
      services_(parts.services),
      components_(parts.components),
      ledger_(parts.ledger),
      inbox_(parts.inbox),
      lanes_(parts.lanes),
      run_time_(parts.run_time),
      dry_run_(setup_.mode == Mode::DryRun),
      chain_(components_.filters),
      run_(ledger_.begin_run(run_time_)),
      accounts_(run_),
      ordered_(std::any_of(lanes_.begin(), lanes_.end(),
                           [](const auto& lane) { return lane->part().can.ordered; })),
      queue_(parts.spool, limits_of(setup_.settings), fetch_replies()),
      spool_(parts.spool),
      committer_(ledger_, lanes_, setup_.settings, commit_replies()),
      owed_(ledger_, lanes_, components_.filters, owed_replies()),
      fetch_backoff_(setup_.settings.max_backoff, setup_.settings.retry_budget),
      watcher_stop_fd_(::eventfd(0, EFD_CLOEXEC)) {
  if (watcher_stop_fd_ < 0) {
    throw Error(ErrorClass::Transient, "cannot make an event descriptor");
  }
  for (const SinkPart& sink : components_.sinks) {
    sink_chains_.emplace_back(sink.filters);
  }
  first_listing_ = !ledger_.meta("first_listing").has_value();
  listing_number_ = std::stoll(ledger_.meta("listing").value_or("0"));
}

FetchQueue::Replies Engine::fetch_replies() {
  return {
      .done =
          [this](std::uint64_t token, std::shared_ptr<const spool::SpooledBody> body) {
            inbox_.post([this, token, body = std::move(body)] { on_body(token, body); });
          },
      .failed =
          [this](std::uint64_t token, const Error& error) {
            inbox_.post([this, token, error] { on_fetch_failed(token, error); });
          },
      .gone = [this](std::uint64_t token) { inbox_.post([this, token] { on_fetch_gone(token); }); },
      .returned =
          [this](std::uint64_t token) { inbox_.post([this, token] { on_fetch_returned(token); }); },
      .starved = [this] { inbox_.post([this] { committer_.begin_if_due(true); }); }};
}

Committer::Replies Engine::commit_replies() {
  return {
      .write_rows = [this](Flight& flight) { write_rows(flight); },
      .write_cursors = [this] { write_cursors(); },
      .settled = [this](std::unique_ptr<Flight> flight) { on_settled(std::move(flight)); },
      .lane_failed = [this](SinkLane& lane, const Error& error) { on_lane_failed(lane, error); }};
}

OwedSteps::Replies Engine::owed_replies() {
  return {
      .fetch = [this](const state::Row& row, std::size_t lane,
                      std::vector<Mailbox> places) { fetch_places(row, lane, std::move(places)); },
      .lane_failed = [this](SinkLane& lane, const Error& error) { on_lane_failed(lane, error); }};
}

void Engine::write_cursors() {
  for (const auto& [stream, cursor, group] : checkpoints_.ready()) {
    ledger_.set_cursor(stream, cursor, group);
  }
  // Not before: what this run does not settle is listed again by the next one, and must be initial then, too.
  if (first_listing_ && listed_whole_ && checkpoints_.settled()) {
    ledger_.set_meta("first_listing", "done");
    first_listing_ = false;
  }
}

Engine::~Engine() {
  ::close(watcher_stop_fd_);
}

void Engine::run(RunReport& report) {
  report_ = &report;
  report.run = static_cast<std::uint64_t>(run_);
  try {
    flush();
    start_watcher();
    if (ordered_ && !dry_run_) {
      fill_ordered();
    }
    start_threads();
    loop();
    if (!aborted_ && !dry_run_) {
      write_cursors();  // committed with the end of the run
    }
  } catch (const Error& error) {  // the ledger failed: nothing more can be decided
    stop(error, "ledger");
    aborted_ = true;
  }
  end(report);
}

void Engine::loop() {
  while (!finished()) {
    const bool with_events = flights_.size() < kMaxFlights && !stopping_;
    Inbox::Next next = inbox_.take(next_deadline(), with_events);
    if (auto* task = std::get_if<Inbox::Task>(&next)) {
      (*task)();
    } else if (auto* event = std::get_if<Event>(&next)) {
      on_event(std::move(*event));
    }
    advance();
  }
}

bool Engine::finished() {
  if (aborted_) {
    return true;
  }
  if (!flights_.empty() || !committer_.idle() || owed_.busy()) {
    return false;
  }
  return stopping_ || phase_ == Phase::Draining;
}

// What time or the last message made possible.
void Engine::advance() {
  const Clock::time_point now = Clock::now();
  if (const auto tick = queue_.next_tick(); tick && *tick <= now) {
    queue_.tick();
  }
  if (!stopping_ && phase_ != Phase::Draining && list_done_) {
    reoffer();
    settle_sinks();
  }
  committer_.begin_if_due((stopping_ || phase_ >= Phase::Placing || when_quiet_) &&
                          nothing_can_join());
  if (when_quiet_ && !stopping_ && flights_.empty() && committer_.idle()) {
    flush();
    std::exchange(when_quiet_, nullptr)();
  }
  if (grace_end_ && now >= *grace_end_) {
    grace_end_.reset();
    services_.cancellation.raise(Cancel::Abort);
  }
  if (now - last_flush_ >= kFlushInterval) {
    flush();
  }
}

// Once everything listed is durable: what the sinks owe, additions first.
void Engine::settle_sinks() {
  if (dry_run_ && phase_ >= Phase::Placing) {
    phase_ = Phase::Draining;
  }
  const bool quiet = flights_.empty() && committer_.idle() && !owed_.busy();
  if (phase_ == Phase::Placing && quiet) {
    keep_mailboxes();
  }
  if (phase_ == Phase::Placing && quiet && owed_.add() && flights_.empty()) {
    phase_ = may_remove() ? Phase::Removing : Phase::Draining;
  }
  if (phase_ == Phase::Removing && !stopping_ && owed_.remove()) {
    phase_ = Phase::Draining;
  }
}

// Nothing is taken away while something may be missing; nor more at once than a user would believe.
bool Engine::may_remove() {
  const OwedSteps::Removals removals = owed_.count_removals();
  if (removals.last + removals.moved == 0) {
    return true;  // mailboxes that are gone
  }
  const std::uint64_t unsettled = ledger_.count(state::RowState::Quarantined) +
                                  accounts_.total().failed + ledger_.count_to_judge();
  const bool broken =
      !report_->errors.empty() ||
      std::any_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return !lane->alive; });
  if (unsettled > 0 || broken) {
    services_.log(LogLevel::Warn, "engine",
                  std::to_string(removals.last + removals.moved) + " removals wait: " +
                      (unsettled > 0 ? std::to_string(unsettled) + " messages are not stored"
                                     : std::string("not everything went well")),
                  {});
    return false;
  }
  const std::uint64_t count = removals.last;  // a message that stays elsewhere is no loss
  const std::uint64_t places = ledger_.count_places();
  const Settings& settings = setup_.settings;
  const auto share =
      static_cast<double>(count) / static_cast<double>(std::max<std::uint64_t>(places, 1));
  if (count > settings.guard_count && share > settings.guard_fraction &&
      count > settings.allow_delete) {
    stop(Error(ErrorClass::Item,
               std::to_string(count) + " of " + std::to_string(places) +
                   " copies would be removed, so none was",
               "if the mail was really deleted on the server, run again with --allow-delete " +
                   std::to_string(count)),
         "engine");
    return false;
  }
  return true;
}

bool Engine::on_its_way(std::string_view key) const {
  return by_key_.contains(std::string(key));
}

// Whether all that is on its way waits for a message of the open batch, or stands in line behind one that does.
bool Engine::nothing_can_join() const {
  std::size_t waiting = order_.waiting();
  for (const auto& [leader, tokens] : followers_) {
    waiting += tokens.size();
  }
  return flights_.size() == waiting;
}

Engine::Clock::time_point Engine::next_deadline() {
  Clock::time_point deadline = Clock::now() + kLongestSleep;
  for (const auto& at : {queue_.next_tick(), committer_.due(), grace_end_}) {
    deadline = std::min(deadline, at.value_or(deadline));
  }
  // Something can be done at once: do not sleep on it.
  const bool can_go_on = phase_ < Phase::Placing ? flights_.size() < kMaxFlights
                                                 : phase_ != Phase::Draining && flights_.empty() &&
                                                       committer_.idle() && !owed_.busy();
  const bool more_to_offer = list_done_ && !stopping_ && can_go_on;
  return more_to_offer ? Clock::now() : deadline;
}

void Engine::flush() {
  last_flush_ = Clock::now();
  if (dry_run_) {
    return;
  }
  write_cursors();
  ledger_.commit();
}

void Engine::report_error(const Error& error, const std::string& component) {
  report_->errors.push_back(
      {error.error_class(), error.what(), error.hint(), component, error.details()});
}

/// Ends the run early: nothing new is begun, what is being fetched or committed is finished.
void Engine::stop(const std::optional<Error>& why, const std::string& component) {
  if (why) {
    report_error(*why, component);
  }
  if (stopping_) {
    return;
  }
  stopping_ = true;
  grace_end_ = Clock::now() + setup_.settings.grace;
  inbox_.refuse_events();
  for (const Work& work : queue_.drain()) {
    if (const auto flight = take(work.token)) {
      fail(*flight, "not fetched");
      leave(*flight);
    }
  }
}

void Engine::give_up_flights() {
  order_ = Order();  // nobody has a turn any more
  for (auto& [token, flight] : flights_) {
    fail(*flight, "not finished");
  }
  flights_.clear();
  for (const auto& flight : committer_.abandon()) {
    fail(*flight, "not committed");
  }
  by_key_.clear();
}

void Engine::end(RunReport& report) {
  queue_.close();
  queue_.drain();
  inbox_.close();
  when_quiet_ = nullptr;  // who waits for it is let go
  if (aborted_) {
    services_.cancellation.raise(Cancel::Abort);
    for (const auto& lane : lanes_) {
      lane->drop_pending();
    }
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = ::write(watcher_stop_fd_, &one, sizeof one);
  if (watcher_.joinable()) {
    watcher_.join();
  }
  give_up_flights();
  report.counts = accounts_.total();
  for (const auto& stream : ledger_.streams()) {
    const auto counts = accounts_.streams().find(stream.id);
    if (counts != accounts_.streams().end()) {
      report.streams.push_back({stream.name, stream.label, counts->second});
    }
  }
}

}  // namespace mailpipe::run
