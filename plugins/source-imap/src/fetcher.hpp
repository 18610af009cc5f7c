#pragma once

#include "connection_gate.hpp"
#include "directory.hpp"
#include "rate_limiter.hpp"
#include "session.hpp"
#include "settings.hpp"
#include "wanted.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/source.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace mailpipe::imap {

/// What the Fetchers of one source share; all borrowed.
struct FetchWorld {
  const Settings& settings;
  Host& host;
  Directory& directory;
  RateLimiter& rate;
  ConnectionGate& gate;
  std::function<std::unique_ptr<Session>()> connect;  ///< not open yet
};

/// Downloads messages over one connection: takes work by mailbox, keeps several commands in flight, and ends each work in
/// exactly one of done, failed, gone.
///
/// A UID that does not come back is looked for before it counts as gone. A command that the server refuses is cut in half,
/// down to the one message that is at fault. A connection that ends is made again; the message whose turn it was goes alone
/// from then on, and is given up after three times.
///
/// Life cycle  run() once.
/// Threads     One: run()'s.
/// Errors      run() throws Error; what was in flight is then given up, and handed out again by the queue.
class Fetcher {
 public:
  Fetcher(const FetchWorld& world, WorkQueue& queue) : world_(world), queue_(queue) {}

  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  void run();

 private:
  class Command;
  class Batch;
  class Lookup;
  class Body;

  /// A mailbox as it is open while the commands behind its EXAMINE run.
  struct Selection {
    StreamId stream = 0;
    Directory::Entry listed;
    std::uint32_t uid_validity = 0;
    std::string mailbox_id;
    bool open = false;
    bool nowhere = false;  ///< deleted, or renamed
    std::optional<Error> refusal;

    /// Whether it is the mailbox that the message was listed in. A mailbox that another one took the name of may have its
    /// UIDVALIDITY, too.
    bool holds(const Wanted& wanted) const {
      return uid_validity == wanted.uid_validity &&
             (mailbox_id.empty() || listed.mailbox_id.empty() || mailbox_id == listed.mailbox_id);
    }
  };

  void step();
  bool has_room() const;
  void take_more();
  void accept(Work work);
  void send_waiting();
  void send_batch(std::vector<Wanted> batch);
  void leave_out_older(std::vector<Wanted>& batch, const Directory::Entry& listed);
  void send_lookup(std::vector<Wanted> batch);

  void connect();
  void disconnect() noexcept;
  void step_aside(const Error& error);
  void after_break(const Error& error);

  std::shared_ptr<Selection> select(StreamId stream);
  void body_before_uid();
  void landed(const Command& command);
  void batch_ended(Batch& batch, const Completion& result);
  void batch_refused(std::vector<Wanted> left, const Completion& result);
  void lookup_ended(Lookup& lookup, const Completion& result);
  void again(Wanted wanted);
  void split(std::vector<Wanted> batch, const Error& why);
  bool doubts(Wanted& wanted, std::uint64_t octets);
  void delivered(const Wanted& wanted, std::uint64_t octets);
  void forget(const Wanted& wanted);
  void fail(const Wanted& wanted, const Error& error);
  Error item_error(const Wanted& wanted, const std::string& why) const;

  const FetchWorld& world_;
  WorkQueue& queue_;
  std::unique_ptr<Session> session_;
  std::shared_ptr<Selection> selected_;  ///< by the last EXAMINE that was sent
  std::deque<Wanted> waiting_;
  std::deque<std::vector<Wanted>> lookups_;
  std::deque<std::shared_ptr<Command>> flying_;  ///< in the order in which they were sent
  std::uint64_t octets_in_flight_ = 0;
  std::size_t in_flight_ = 0;
  unsigned breaks_in_a_row_ = 0;
  bool one_by_one_ = false;  ///< the server sends bodies before their UIDs
  bool ended_ = false;
  bool sizes_lie_ = false;  ///< a message came twice in one length that was not announced
  std::chrono::steady_clock::time_point not_before_;
};

}  // namespace mailpipe::imap
