#pragma once

#include <mailpipe/source.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// A WorkQueue that hands out what a test put in, then says End, and keeps how each work ended.
///
/// Threads  One: that of fetch().
class FakeQueue : public WorkQueue {
 public:
  struct Failure {
    ErrorClass error_class;
    std::string what;
  };

  FakeQueue() : wake_(::eventfd(1, EFD_CLOEXEC)) {}

  ~FakeQueue() override { ::close(wake_); }

  FakeQueue(const FakeQueue&) = delete;
  FakeQueue& operator=(const FakeQueue&) = delete;

  void put(Work work) {
    work.token = ++tokens_;
    keys_[work.token] = work.server_id;
    works_.push_back(std::move(work));
  }

  /// The same, with books kept by the item's key in place of the server id.
  void put_as(Work work, const Item& item) {
    put(std::move(work));
    keys_[tokens_] = item.key;
    items_[item.key] = item;
  }

  const Item& item(const std::string& key) const { return items_.at(key); }

  /// Nothing more is handed out.
  void drop_rest() { works_.clear(); }

  Taken take(const TakeLimits& limits) override {
    Taken taken;
    most_held =
        std::max(most_held, held_.size() + std::min<std::size_t>(limits.items, works_.size()));
    while (!works_.empty() && taken.works.size() < limits.items) {
      held_.insert(works_.front().token);
      taken.works.push_back(std::move(works_.front()));
      works_.pop_front();
    }
    taken.state = taken.works.empty() ? Taken::State::End : Taken::State::Works;
    return taken;
  }

  int wake_fd() override { return wake_; }

  std::unique_ptr<BodyWriter> open(std::uint64_t token) override {
    return std::make_unique<Writer>(*this, token);
  }

  void fail(std::uint64_t token, const Error& error) override {
    ended(token);
    failed.insert({keys_[token], {error.error_class(), error.what()}});
  }

  void gone(std::uint64_t token) override {
    ended(token);
    gone_ids.insert(keys_[token]);
  }

  /// Works that were taken and ended in nothing.
  std::size_t left_over() const { return held_.size(); }

  std::map<std::string, std::string> delivered;  ///< by server id, or by key
  std::map<std::string, Failure> failed;
  std::set<std::string> gone_ids;
  std::size_t open_bodies = 0;
  std::size_t most_held = 0;
  std::uint64_t octets = 0;
  std::size_t ended_twice = 0;
  bool keep_bodies = true;
  std::function<void()> on_write;

 private:
  class Writer : public BodyWriter {
   public:
    Writer(FakeQueue& queue, std::uint64_t token) : queue_(queue), token_(token) {
      ++queue_.open_bodies;
    }

    ~Writer() override { --queue_.open_bodies; }

    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    void write(std::string_view piece) override {
      queue_.octets += piece.size();
      if (queue_.keep_bodies) {
        body_ += piece;
      }
      if (queue_.on_write) {
        queue_.on_write();
      }
    }

    void done() override {
      queue_.ended(token_);
      queue_.delivered[queue_.keys_[token_]] = std::move(body_);
    }

   private:
    FakeQueue& queue_;
    std::uint64_t token_;
    std::string body_;
  };

  void ended(std::uint64_t token) { ended_twice += held_.erase(token) == 1 ? 0 : 1; }

  int wake_;
  std::deque<Work> works_;
  std::set<std::uint64_t> held_;
  std::map<std::uint64_t, std::string> keys_;
  std::map<std::string, Item> items_;
  std::uint64_t tokens_ = 0;
};

}  // namespace mailpipe::test
