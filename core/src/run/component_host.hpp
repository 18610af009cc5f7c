#pragma once

#include "run/cancellation.hpp"
#include "run/runner.hpp"

#include <mailpipe/host.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace mailpipe::state {
class Ledger;
}

namespace mailpipe::run {

/// What the hosts reach of a run; empty outside of one.
struct RunAccess {
  state::Ledger* ledger = nullptr;
  bool archive = false;  ///< no sink ever removes anything
  std::function<bool(std::string_view key)> on_its_way;
};

/// The engine as one component sees it.
class ComponentHost final : public Host {
 public:
  ComponentHost(std::string component, const Runner::Services& services,
                std::chrono::sys_seconds run_time, const RunAccess& access)
      : component_(std::move(component)),
        services_(services),
        run_time_(run_time),
        access_(access) {}

  using Host::log;
  void log(LogLevel level, std::string_view message, const Pairs& fields) override;
  void count(std::string_view name, std::uint64_t add) override;

  Cancel cancelled() const override { return services_.cancellation.level(); }

  int cancel_fd() const override { return services_.cancellation.abort_fd(); }

  void wait(std::chrono::milliseconds time) override;

  std::chrono::sys_seconds run_time() const override { return run_time_; }

  std::string secret(std::string_view pointer, bool refresh) override;
  std::optional<std::string> get(std::string_view name) override;
  void put(std::string_view name, std::string_view value) override;
  std::optional<std::string> kept(std::string_view key) override;

  Fs& fs() override { return services_.fs; }

  std::map<std::string, std::uint64_t> counters() const;

 private:
  const std::string component_;
  const Runner::Services& services_;
  const std::chrono::sys_seconds run_time_;
  const RunAccess& access_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace mailpipe::run
