#pragma once

#include <atomic>
#include <cstdint>

namespace mailpipe::run {

/// How far a run is, readable from any thread while it goes on. For people only: the report is what counts.
struct Progress {
  std::atomic<std::uint64_t> estimated{
      0};  ///< items that the listing is likely to bring; 0: not known
  std::atomic<std::uint64_t> listed{0};  ///< items told of so far
  std::atomic<bool> listing_done{false};
  std::atomic<std::uint64_t> wanted{0};  ///< messages to fetch so far
  std::atomic<std::uint64_t> wanted_bytes{0};
  std::atomic<std::uint64_t> fetched{0};  ///< of these, settled in any way
  std::atomic<std::uint64_t> fetched_bytes{0};
  std::atomic<std::uint64_t> stored{0};  ///< messages durable on every required sink
};

}  // namespace mailpipe::run
