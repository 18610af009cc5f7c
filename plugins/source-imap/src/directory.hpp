#pragma once

#include <mailpipe/item.hpp>

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace mailpipe::imap {

/// Which mailbox a stream is, for those that fetch: list() fills it before it tells anything.
///
/// Threads  Any.
class Directory {
 public:
  struct Entry {
    std::string name;        ///< raw
    std::string label;       ///< for people
    std::string mailbox_id;  ///< MAILBOXID (RFC 8474) of what was listed, or empty
    std::string keys;        ///< how the keys of its messages begin; empty: not listed in this run

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void put(StreamId stream, Entry entry) {
    const std::lock_guard lock(mutex_);
    entries_[stream] = std::move(entry);
  }

  /// For a stream of which list() has told nothing yet.
  void add(StreamId stream, Entry entry) {
    const std::lock_guard lock(mutex_);
    entries_.emplace(stream, std::move(entry));
  }

  std::optional<Entry> find(StreamId stream) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(stream);
    return found == entries_.end() ? std::nullopt : std::optional<Entry>(found->second);
  }

 private:
  mutable std::mutex mutex_;
  std::map<StreamId, Entry> entries_;
};

}  // namespace mailpipe::imap
