#pragma once

#include <mailpipe/body.hpp>
#include <mailpipe/item.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mailpipe {

enum class Needs : std::uint32_t { Metadata = 0, Headers = 1, Body = 2 };

/// What a filter says of one message.
struct Verdict {
  enum class Kind : std::uint32_t { Keep = 0, Drop = 1, Hold = 2, Duplicate = 3 };

  Kind kind = Kind::Keep;
  std::string reason;  ///< Drop: a short stable word for counting, e.g. "before-first-run"
  std::chrono::sys_seconds hold_until{};  ///< Hold
  /// Duplicate: the key of the message that it duplicates, one that Host::kept() knows. The verdict
  /// stands while that one is stored; after that the item is judged again.
  std::string owner;
  bool link =
      false;  ///< Duplicate: its places are added to the stored message; else it is left out
  std::uint64_t token = 0;      ///< nonzero: settle() is called with it
  std::string name;             ///< Keep: a name for sinks with free names, or empty
  std::vector<Mailbox> places;  ///< Keep: other places, or empty for those of the item

  static Verdict keep() { return {}; }

  static Verdict drop(std::string reason) {
    Verdict verdict;
    verdict.kind = Kind::Drop;
    verdict.reason = std::move(reason);
    return verdict;
  }

  static Verdict hold(std::chrono::sys_seconds until) {
    Verdict verdict;
    verdict.kind = Kind::Hold;
    verdict.hold_until = until;
    return verdict;
  }

  static Verdict duplicate(std::string owner, bool link) {
    Verdict verdict;
    verdict.kind = Kind::Duplicate;
    verdict.owner = std::move(owner);
    verdict.link = link;
    return verdict;
  }
};

/// Decides what becomes of a message. Never touches its octets.
///
/// Threads      One thread for all filters of a pipeline.
/// Errors       Throws Error; class Item quarantines the message, anything else ends the run.
/// Determinism  The same item, options and stored values give the same verdict: it is asked again
/// after a crash.
class Filter {
 public:
  virtual ~Filter() = default;

  /// No more is fetched than that.
  virtual Needs needs() const { return Needs::Metadata; }

  /// `body` is null when needs() is Metadata. A filter with the capability "places" is asked with a null body, whatever it
  /// needs, when the places of a stored message are worked out again: then only Verdict::places counts, and they follow
  /// from the item alone.
  virtual Verdict judge(const Item& item, const Body* body) = 0;

  /// What judge() gave a token for is durable on every required sink, or came to nothing.
  virtual void settle(std::uint64_t /*token*/, bool /*durable*/) {}
};

}  // namespace mailpipe
