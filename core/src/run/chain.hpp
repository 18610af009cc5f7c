#pragma once

#include "run/components.hpp"

#include <mailpipe/body.hpp>
#include <mailpipe/filter.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

/// Filters in order, as far as what is known of the message allows.
///
/// Threads  The engine's.
class Chain {
 public:
  /// Promises of filters that they must hear of again: (filter, token).
  using Tokens = std::vector<std::pair<std::size_t, std::uint64_t>>;

  struct Result {
    enum class Kind { Keep, Drop, Hold, Duplicate, NeedsBody } kind = Kind::Keep;
    std::size_t next = 0;  ///< NeedsBody: where to go on once the body is here
    std::string reason;    ///< Drop: "window: before-first-run"
    std::chrono::sys_seconds hold_until{};
    std::string
        owner;  ///< Duplicate: of that message; Keep, NeedsBody: likewise, but it is to be linked
  };

  explicit Chain(const std::vector<FilterPart>& filters) : filters_(filters) {}

  /// Judges from filter `first` on. A Keep may have given the item another name or other places. Throws what a filter
  /// throws, with its name in the details.
  Result judge(Item& item, const Body* body, std::size_t first, Tokens& tokens) const;

  void settle(const Tokens& tokens, bool durable) const;

 private:
  const std::vector<FilterPart>& filters_;
};

}  // namespace mailpipe::run
