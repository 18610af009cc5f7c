#pragma once

#include <chrono>
#include <cstdint>

namespace mailpipe::run {

/// The `run:` block of a pipeline.
struct Settings {
  std::uint64_t batch_messages = 1000;
  std::uint64_t batch_bytes = 64ULL << 20;
  std::chrono::milliseconds batch_interval{2000};
  std::chrono::seconds retry_budget{15 * 60};
  std::chrono::milliseconds max_backoff{60'000};
  std::uint64_t memory =
      8ULL << 20;  ///< octets of bodies held in memory; the rest goes to the spool file
  std::uint64_t quarantine_max = 100;
  double guard_fraction = 0.10;
  std::uint64_t guard_count = 20;
  std::uint64_t allow_delete = 0;  ///< so many removals the user has confirmed
  std::chrono::seconds grace{30};
};

}  // namespace mailpipe::run
