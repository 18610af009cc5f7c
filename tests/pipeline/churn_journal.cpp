#include "pipeline/churn_journal.hpp"

#include <algorithm>
#include <tuple>

namespace mailpipe::test {

void ChurnJournal::enter(Message& message, Instant now) {
  if (message.places++ == 0) {
    message.presences.push_back({now, std::nullopt});
  }
}

void ChurnJournal::leave(Message& message, Instant now) {
  if (--message.places == 0) {
    message.presences.back().until = now;
  }
}

void ChurnJournal::coming(const std::string& mailbox, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  auto& [count, most] = counts_[{mailbox, digest}];
  most = std::max(most, ++count);
}

ChurnJournal::StayId ChurnJournal::arrived(const std::string& mailbox, const std::string& digest,
                                           const std::string& id) {
  const std::lock_guard lock(mutex_);
  const Instant now = Clock::now();
  stays_.push_back({mailbox, digest, id, now, std::nullopt});
  Message& message = messages_[digest];
  message.stays.push_back(stays_.size() - 1);
  enter(message, now);
  return stays_.size() - 1;
}

void ChurnJournal::leaving(StayId stay) {
  const std::lock_guard lock(mutex_);
  Stay& here = stays_.at(stay);
  here.until = Clock::now();
  leave(messages_.at(here.digest), *here.until);
}

void ChurnJournal::left(StayId stay) {
  const std::lock_guard lock(mutex_);
  const Stay& here = stays_.at(stay);
  --counts_.at({here.mailbox, here.digest}).first;
}

void ChurnJournal::hold(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  enter(messages_[digest], Clock::now());
}

void ChurnJournal::release(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  leave(messages_.at(digest), Clock::now());
}

void ChurnJournal::delivering(const std::string& digest) {
  const std::lock_guard lock(mutex_);
  ++messages_[digest].delivered;
}

Contents ChurnJournal::staying(Instant from, Instant to) const {
  const std::lock_guard lock(mutex_);
  Contents out;
  for (const Stay& one : stays_) {
    if (covers(one.since, one.until, from, to)) {
      out[one.mailbox].insert(one.digest);
    }
  }
  return out;
}

std::set<std::string> ChurnJournal::present(Instant from, Instant to) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> out;
  for (const auto& [digest, message] : messages_) {
    if (std::any_of(message.presences.begin(), message.presences.end(),
                    [&](const Presence& one) { return covers(one.since, one.until, from, to); })) {
      out.insert(digest);
    }
  }
  return out;
}

bool ChurnJournal::was_in(const std::string& mailbox, const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  return counts_.contains({mailbox, digest});
}

std::size_t ChurnJournal::most_at_once(const std::string& mailbox,
                                       const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find({mailbox, digest});
  return found == counts_.end() ? 0 : found->second.second;
}

std::size_t ChurnJournal::ever_in(const std::string& mailbox, const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(digest);
  std::size_t count = 0;
  for (const StayId stay : found == messages_.end() ? std::vector<StayId>() : found->second.stays) {
    count += stays_[stay].mailbox == mailbox ? 1 : 0;
  }
  return count;
}

std::size_t ChurnJournal::times_delivered(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(digest);
  return found == messages_.end() ? 0 : found->second.delivered;
}

std::set<std::string> ChurnJournal::digests() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> out;
  for (const auto& [digest, message] : messages_) {
    out.insert(digest);
  }
  return out;
}

std::set<std::string> ChurnJournal::ended_ids() const {
  const std::lock_guard lock(mutex_);
  const auto what_stays = [](const Stay& one) {
    return std::tuple(one.id, one.mailbox, one.digest);
  };
  std::set<std::tuple<std::string, std::string, std::string>> here;
  for (const Stay& one : stays_) {
    if (!one.until) {
      here.insert(what_stays(one));
    }
  }
  std::set<std::string> out;
  for (const Stay& one : stays_) {
    if (one.until && !here.contains(what_stays(one))) {
      out.insert(one.id);
    }
  }
  return out;
}

std::vector<std::string> ChurnJournal::ids_of(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const StayId stay : messages_.at(digest).stays) {
    out.push_back(stays_[stay].id);
  }
  return out;
}

std::string ChurnJournal::moment(Instant instant) const {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::milliseconds>(instant - began_).count());
}

std::string ChurnJournal::history_of(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(digest);
  if (found == messages_.end()) {
    return digest + " was never there";
  }
  std::string out = digest;
  for (const StayId stay : found->second.stays) {
    const Stay& one = stays_[stay];
    out += "\n  in '" + one.mailbox + "' as " + one.id + " from " + moment(one.since) + " to " +
           (one.until ? moment(*one.until) : "the end");
  }
  return out;
}

}  // namespace mailpipe::test
