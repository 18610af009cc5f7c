// How a Fetcher's connection comes and goes.
#include "fetch_answers.hpp"
#include "fetcher.hpp"

#include <mailpipe/printable.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

constexpr unsigned kMostBreaks = 3;        ///< of one message
constexpr unsigned kMostBreaksInARow = 6;  ///< without any message in between

}  // namespace

void Fetcher::connect() {
  if (waiting_.empty() && lookups_.empty()) {
    return;  // the queue has ended
  }
  auto session = world_.connect();
  try {
    session->open();
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::RateLimit || !world_.gate.any_open()) {
      throw;
    }
    step_aside(error);
    return;
  }
  session_ = std::move(session);
  world_.gate.opened();
}

void Fetcher::disconnect() noexcept {
  if (session_) {
    session_.reset();
    world_.gate.closed();
  }
  selected_.reset();
}

/// The server takes no more connections: the others go on, and this one comes back when there is none.
void Fetcher::step_aside(const Error& error) {
  world_.host.log(LogLevel::Info, std::string(error.what()) + "; going on with fewer connections");
  world_.host.count("connections_refused");
  for (const Wanted& wanted : waiting_) {
    queue_.fail(wanted.work.token, Error(ErrorClass::Transient, error.what()));
  }
  waiting_.clear();
  while (world_.gate.any_open()) {
    world_.host.wait(std::chrono::milliseconds(250));
  }
}

// What was settled stays so. The rest is asked for again, first of all the message whose turn it was.
void Fetcher::after_break(const Error& error) {
  disconnect();
  world_.host.count("reconnects");
  std::vector<Wanted> left;
  for (const auto& command : flying_) {
    for (Wanted& wanted : command->left()) {
      left.push_back(std::move(wanted));
    }
  }
  flying_.clear();
  octets_in_flight_ = 0;
  in_flight_ = 0;
  for (std::vector<Wanted>& batch : lookups_) {
    std::move(batch.begin(), batch.end(), std::back_inserter(left));
  }
  lookups_.clear();
  if (++breaks_in_a_row_ > kMostBreaksInARow) {
    throw error;
  }
  world_.host.log(LogLevel::Info, std::string(error.what()) + "; connecting again");
  if (!left.empty()) {
    Wanted& suspect = left.front();
    suspect.with_others = 1;
    if (++suspect.breaks == kMostBreaks) {
      if (breaks_in_a_row_ > kMostBreaks) {  // the one before it, too: it is the server
        throw error;
      }
      queue_.fail(suspect.work.token,
                  item_error(suspect, "the connection ends whenever it is asked for"));
      left.erase(left.begin());
    }
  }
  waiting_.insert(waiting_.begin(), left.begin(), left.end());
}

}  // namespace mailpipe::imap
