#include "progress_board.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>
#include <utility>

namespace mailpipe::app {

namespace {

void add(Snapshot& to, const Snapshot& one) {
  to.estimated += one.estimated == 0 ? 0 : std::max(one.estimated, one.listed);
  to.listed += one.listed;
  to.wanted += one.wanted;
  to.wanted_bytes += one.wanted_bytes;
  to.fetched += one.fetched;
  to.fetched_bytes += one.fetched_bytes;
  to.listing_done = to.listing_done && one.listing_done;
}

}  // namespace

Snapshot snapshot(const run::Progress& progress) {
  return {.estimated = progress.estimated.load(),
          .listed = progress.listed.load(),
          .wanted = progress.wanted.load(),
          .wanted_bytes = progress.wanted_bytes.load(),
          .fetched = progress.fetched.load(),
          .fetched_bytes = progress.fetched_bytes.load(),
          .listing_done = progress.listing_done.load()};
}

ProgressBoard::Entry::Entry(ProgressBoard& board, std::string name, const run::Progress& progress)
    : board_(board),
      progress_(progress) {
  const std::lock_guard lock(board_.mutex_);
  board_.active_.push_back({std::move(name), &progress});
}

ProgressBoard::Entry::~Entry() {
  const std::lock_guard lock(board_.mutex_);
  Snapshot last = snapshot(progress_);
  last.listing_done = true;
  last.estimated = last.listed;
  add(board_.ended_, last);
  board_.active_.remove_if([&](const Active& one) { return one.progress == &progress_; });
  ++board_.done_;
}

Snapshot ProgressBoard::sum() const {
  const std::lock_guard lock(mutex_);
  Snapshot out = ended_;
  for (const Active& one : active_) {
    add(out, snapshot(*one.progress));
  }
  return out;
}

std::string ProgressBoard::label() const {
  const std::lock_guard lock(mutex_);
  if (runs_ < 2) {
    return {};
  }
  const std::string all = "/" + std::to_string(runs_);
  return active_.size() == 1
             ? printable(active_.front().name, 40) + " (" + std::to_string(done_ + 1) + all + ")"
             : std::to_string(done_) + all + " done";
}

}  // namespace mailpipe::app
