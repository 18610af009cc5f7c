#include "run/fetch_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace mailpipe::run {

FetchQueue::FetchQueue(spool::Spool& spool, Limits limits, Replies replies)
    : spool_(spool),
      limits_(limits),
      replies_(std::move(replies)),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) {
    throw Error(ErrorClass::Transient, "cannot make an event descriptor");
  }
}

FetchQueue::~FetchQueue() {
  ::close(wake_fd_);
}

bool FetchQueue::ended() const {
  return drained_ || (closed_ && waiting_.empty() && delayed_.empty() && taken_ == 0);
}

bool FetchQueue::ready(Clock::time_point now) const {
  return ended() || (!waiting_.empty() && room() && now >= held_until_.value_or(now));
}

void FetchQueue::move_due(Clock::time_point now) {
  const auto due = std::stable_partition(delayed_.begin(), delayed_.end(),
                                         [&](const Delayed& d) { return d.when > now; });
  for (auto it = due; it != delayed_.end(); ++it) {
    waiting_.push_back(std::move(it->work));
  }
  delayed_.erase(due, delayed_.end());
}

// Called with the mutex held after anything that ready() depends on. The descriptor is touched only when the answer is
// another one than before: this runs several times a message.
void FetchQueue::changed() {
  const bool now_ready = ready(Clock::now());
  std::uint64_t count = 1;
  if (now_ready && !wake_fd_set_) {
    [[maybe_unused]] const ssize_t n = ::write(wake_fd_, &count, sizeof count);
  } else if (!now_ready && wake_fd_set_) {
    [[maybe_unused]] const ssize_t n = ::read(wake_fd_, &count, sizeof count);
  }
  wake_fd_set_ = now_ready;
  wake_.notify_all();
}

void FetchQueue::push(Work work) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(work));
  changed();
}

void FetchQueue::retry(Work work, Clock::time_point when) {
  const std::lock_guard lock(mutex_);
  delayed_.push_back({when, std::move(work)});
  move_due(Clock::now());
  changed();
}

void FetchQueue::hold_all_until(Clock::time_point when) {
  const std::lock_guard lock(mutex_);
  held_until_ = std::max(held_until_.value_or(when), when);
  changed();
}

void FetchQueue::release(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  out_items_ -= 1;
  out_bytes_ -= size;
  changed();
}

void FetchQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed();
}

std::vector<Work> FetchQueue::drain() {
  const std::lock_guard lock(mutex_);
  drained_ = true;
  std::vector<Work> out(std::make_move_iterator(waiting_.begin()),
                        std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  for (Delayed& delayed : delayed_) {
    out.push_back(std::move(delayed.work));
  }
  delayed_.clear();
  changed();
  return out;
}

std::optional<FetchQueue::Clock::time_point> FetchQueue::next_tick() {
  const std::lock_guard lock(mutex_);
  std::optional<Clock::time_point> next = held_until_;
  for (const Delayed& delayed : delayed_) {
    next = std::min(next.value_or(delayed.when), delayed.when);
  }
  return next;
}

void FetchQueue::tick() {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  if (held_until_ && *held_until_ <= now) {
    held_until_.reset();
  }
  move_due(now);
  changed();
}

std::unique_ptr<FetchQueue::Session> FetchQueue::session() {
  return std::make_unique<Session>(*this);
}

Taken FetchQueue::take(const TakeLimits& limits, std::map<std::uint64_t, Work>& mine) {
  std::unique_lock lock(mutex_);
  while (!ready(Clock::now())) {
    const bool full = !waiting_.empty() && !room();
    if (full && replies_.starved) {
      replies_.starved();
    }
    if (!limits.wait) {
      return {Taken::State::Empty, {}};
    }
    if (!mine.empty()) {  // nobody would answer those, and the run never end
      throw Error(ErrorClass::Internal,
                  "the source waits for more messages, and has not answered " +
                      std::to_string(mine.size()) + " that it took");
    }
    wake_.wait(lock);
  }
  if (ended()) {
    return {Taken::State::End, {}};
  }
  Taken taken;
  std::uint64_t bytes = 0;
  while (!waiting_.empty() && taken.works.size() < std::max<std::uint32_t>(1, limits.items) &&
         room()) {
    Work& next = waiting_.front();
    const bool first = taken.works.empty();
    if (!first && ((limits.same_stream && next.stream != taken.works.front().stream) ||
                   bytes + share(next) > limits.bytes)) {
      break;
    }
    bytes += share(next);
    out_bytes_ += share(next);
    out_items_ += 1;
    taken_ += 1;
    mine[next.token] = next;
    taken.works.push_back(std::move(next));
    waiting_.pop_front();
  }
  changed();
  return taken;
}

// ---- Session

Taken FetchQueue::Session::take(const TakeLimits& limits) {
  return queue_.take(limits, mine_);
}

bool FetchQueue::Session::ended() const {
  const std::lock_guard lock(queue_.mutex_);
  return queue_.ended();
}

Work FetchQueue::Session::answered(std::uint64_t token) {
  const std::lock_guard lock(queue_.mutex_);
  auto node = mine_.extract(token);
  if (node.empty()) {
    throw Error(ErrorClass::Internal, "the source answered a message that it was not asked for");
  }
  queue_.taken_ -= 1;
  return std::move(node.mapped());
}

/// Spools one body, then answers the work with it.
class FetchQueue::Session::Writer final : public BodyWriter {
 public:
  Writer(Session& session, std::uint64_t token, std::unique_ptr<spool::Writer> spool)
      : session_(session),
        token_(token),
        spool_(std::move(spool)) {}

  void write(std::string_view octets) override { spool_->write(octets); }

  void done() override {
    auto body = spool_->finish();
    Work work = session_.answered(token_);
    session_.queue_.replies_.done(token_, std::move(body));
    const std::lock_guard lock(session_.queue_.mutex_);
    session_.queue_.changed();
  }

 private:
  Session& session_;
  std::uint64_t token_;
  std::unique_ptr<spool::Writer> spool_;
};

std::unique_ptr<BodyWriter> FetchQueue::Session::open(std::uint64_t token) {
  std::optional<std::uint64_t> size;
  {
    const std::lock_guard lock(queue_.mutex_);
    const auto mine = mine_.find(token);
    if (mine == mine_.end()) {
      throw Error(ErrorClass::Internal, "the source opened a message that it was not asked for");
    }
    size = mine->second.size;
  }
  return std::make_unique<Writer>(*this, token, queue_.spool_.open(size));
}

void FetchQueue::Session::fail(std::uint64_t token, const Error& error) {
  const Work work = answered(token);
  queue_.release(share(work));
  queue_.replies_.failed(token, error);
}

void FetchQueue::Session::gone(std::uint64_t token) {
  const Work work = answered(token);
  queue_.release(share(work));
  queue_.replies_.gone(token);
}

FetchQueue::Session::~Session() {
  std::map<std::uint64_t, Work> left;
  {
    const std::lock_guard lock(queue_.mutex_);
    left.swap(mine_);
    queue_.taken_ -= left.size();
  }
  for (auto& [token, work] : left) {
    queue_.release(share(work));
    queue_.replies_.returned(token);
  }
}

}  // namespace mailpipe::run
