#pragma once

#include "log.hpp"
#include "progress_board.hpp"
#include "run/cancellation.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace mailpipe::app {

/// Where a run is, in one line: listing (count, of about so many) or fetching (count, octets, rate,
/// time left). `rate` is in octets a second.
std::string describe(const Snapshot& now, double rate);

/// The same with a bar, cut to `columns`, never wider. `label` stands in front of the text.
std::string draw(const Snapshot& now, double rate, std::size_t columns,
                 const std::string& label = {});

/// Shows how far the runs on the board are while it lives: a bar on a terminal, a line now and then elsewhere. Says
/// once that a signal arrived, and what a second one does.
///
/// Threads  One of its own, which only reads.
class ProgressView {
 public:
  enum class When { Auto, Always, Never };

  ProgressView(const ProgressBoard& board, const run::Cancellation& cancellation, When when,
               const Log& log);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

 private:
  void loop();
  void show(std::chrono::steady_clock::time_point now);
  void tell_of_signal();
  double rate(std::chrono::steady_clock::time_point now, std::uint64_t bytes);

  const ProgressBoard& board_;
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
