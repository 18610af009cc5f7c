#pragma once

#include <mailpipe/filter.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>

#include <chrono>
#include <optional>

namespace mailpipe::window {

/// Judges a message by when the server received it: half-open intervals, to the second.
///
/// Threads      One.
/// Errors       Config when `since` is not before `until`; Permanent when the stored instant cannot
///              be read.
/// Determinism  The instant of the pipeline's first run is stored when the first message is judged,
///              and `first_run` counts from it for ever: a later change of the option reaches
///              further back, or less far, from that same instant.
class WindowFilter final : public Filter {
 public:
  WindowFilter(const Options& options, Host& host);

  Verdict judge(const Item& item, const Body* body) override;

 private:
  std::chrono::sys_seconds first_run_at();

  Host& host_;
  std::chrono::seconds delay_;
  std::optional<std::chrono::seconds> first_run_;
  std::optional<std::chrono::sys_seconds> since_, until_;
  std::optional<std::chrono::sys_seconds> first_run_at_;  ///< as the ledger has it
};

}  // namespace mailpipe::window
