#pragma once

#include "pipeline/maildir_tree.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What was ever on a server, where, and between which moments; written by the one who changes it, before and after each
/// command, so that a time told here is never longer than the true one.
///
/// A *stay* is one message in one mailbox from its arrival to its leaving. `id` is the server's name of it there: what the
/// key of the message ends with.
///
/// Threads   Any.
class ChurnJournal {
 public:
  using Clock = std::chrono::steady_clock;
  using Instant = Clock::time_point;
  using StayId = std::size_t;

  /// Before and after the command that puts it there; others may see it in between.
  void coming(const std::string& mailbox, const std::string& digest);
  StayId arrived(const std::string& mailbox, const std::string& digest, const std::string& id);

  /// Before and after the command that takes it away.
  void leaving(StayId stay);
  void left(StayId stay);

  /// Around a move: the message is not gone between its two stays.
  void hold(const std::string& digest);
  void release(const std::string& digest);

  /// Before it is put somewhere as a new message, and not as a copy of one that is there.
  void delivering(const std::string& digest);

  /// All that was there from before `from` until after `to`, by mailbox.
  Contents staying(Instant from, Instant to) const;

  /// The digests of what was somewhere all that time.
  std::set<std::string> present(Instant from, Instant to) const;

  bool was_in(const std::string& mailbox, const std::string& digest) const;

  /// The most of that digest that were in that mailbox at one time, and how many ever came there.
  std::size_t most_at_once(const std::string& mailbox, const std::string& digest) const;
  std::size_t ever_in(const std::string& mailbox, const std::string& digest) const;

  /// How often that digest was delivered, copies and moves not counted.
  std::size_t times_delivered(const std::string& digest) const;

  std::set<std::string> digests() const;

  /// Ids of messages that are no longer where they had them; a mailbox that is renamed takes ids along, and another message may
  /// get one.
  std::set<std::string> ended_ids() const;
  std::vector<std::string> ids_of(const std::string& digest) const;

  /// Where it was and when, in milliseconds since the journal began: for the message of a test that fails.
  std::string history_of(const std::string& digest) const;
  std::string moment(Instant instant) const;

 private:
  struct Stay {
    std::string mailbox, digest, id;
    Instant since;
    std::optional<Instant> until;
  };

  struct Presence {
    Instant since;
    std::optional<Instant> until;
  };

  struct Message {
    std::size_t places = 0;  // and holds
    std::size_t delivered = 0;
    std::vector<Presence> presences;
    std::vector<StayId> stays;
  };

  void enter(Message& message, Instant now);
  void leave(Message& message, Instant now);

  static bool covers(Instant since, const std::optional<Instant>& until, Instant from, Instant to) {
    return since < from && (!until || *until > to);
  }

  mutable std::mutex mutex_;
  const Instant began_ = Clock::now();
  std::vector<Stay> stays_;
  std::map<std::string, Message> messages_;  // by digest
  std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::size_t>>
      counts_;  // now, and at most
};

}  // namespace mailpipe::test
