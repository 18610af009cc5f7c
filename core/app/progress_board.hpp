#pragma once

#include "run/progress.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>

namespace mailpipe::app {

/// What a run has done up to one moment; the plain values of run::Progress.
struct Snapshot {
  std::uint64_t estimated = 0, listed = 0, wanted = 0, wanted_bytes = 0, fetched = 0,
                fetched_bytes = 0;
  bool listing_done = false;
};

Snapshot snapshot(const run::Progress& progress);

/// The runs that go on at this moment, for the one view that shows them all.
///
/// Threads  Any, at any time.
class ProgressBoard {
 public:
  /// `runs`: so many there are going to be.
  explicit ProgressBoard(std::size_t runs) : runs_(runs) {}

  /// A run is on the board while this lives; what it did stays counted.
  class Entry {
   public:
    Entry(ProgressBoard& board, std::string name, const run::Progress& progress);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    ProgressBoard& board_;
    const run::Progress& progress_;
  };

  /// All runs together.
  Snapshot sum() const;

  /// "mail-work (2/3)" while one goes on, "1/3 done" while several do; empty when there is but one in all.
  std::string label() const;

 private:
  struct Active {
    std::string name;
    const run::Progress* progress;
  };

  const std::size_t runs_;
  mutable std::mutex mutex_;
  std::list<Active> active_;
  Snapshot ended_{.listing_done = true};
  std::size_t done_ = 0;
};

}  // namespace mailpipe::app
