#pragma once

#include "log.hpp"
#include "run/cancellation.hpp"
#include "run/progress.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace mailpipe::app {

/// What a run has done up to one moment; the plain values of run::Progress.
struct Snapshot {
  std::uint64_t estimated = 0, listed = 0, wanted = 0, wanted_bytes = 0, fetched = 0,
                fetched_bytes = 0;
  bool listing_done = false;
};

Snapshot snapshot(const run::Progress& progress);

/// Where a run is, in one line: listing (count, of about so many) or fetching (count, octets, rate,
/// time left). `rate` is in octets a second.
std::string describe(const Snapshot& now, double rate);

/// The same with a bar, cut to `columns`, never wider.
std::string draw(const Snapshot& now, double rate, std::size_t columns);

/// Shows how far a run is while it lives: a bar on a terminal, a line now and then elsewhere. Says
/// once that a signal arrived, and what a second one does.
///
/// Threads  One of its own, which only reads.
class ProgressView {
 public:
  enum class When { Auto, Always, Never };

  ProgressView(const run::Progress& progress, const run::Cancellation& cancellation, When when,
               const Log& log);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

 private:
  void loop();
  void show(std::chrono::steady_clock::time_point now);
  void tell_of_signal();
  double rate(std::chrono::steady_clock::time_point now, std::uint64_t bytes);

  const run::Progress& progress_;
  const run::Cancellation& cancellation_;
  const Log& log_;
  const bool bar_, lines_;
  bool signal_told_ = false;
  double rate_ = 0;
  std::uint64_t last_bytes_ = 0;
  std::chrono::steady_clock::time_point last_rate_, last_line_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace mailpipe::app
