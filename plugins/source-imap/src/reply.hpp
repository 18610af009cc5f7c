#pragma once

#include "session.hpp"

#include <mailpipe/error.hpp>

#include <functional>
#include <utility>

namespace mailpipe::imap {

/// An Answer made of functions; those not given ignore what comes.
class Reply : public Answer {
 public:
  using OnUntagged = std::function<void(const Untagged&)>;
  using OnCompleted = std::function<void(const Completion&)>;
  using OnUnreadable = std::function<void(const Error&)>;

  explicit Reply(OnUntagged on_untagged, OnCompleted on_completed = {},
                 OnUnreadable on_unreadable = {})
      : on_untagged_(std::move(on_untagged)),
        on_completed_(std::move(on_completed)),
        on_unreadable_(std::move(on_unreadable)) {}

  void untagged(const Untagged& response) override {
    if (on_untagged_) {
      on_untagged_(response);
    }
  }

  void unreadable(const Error& why) override {
    if (on_unreadable_) {
      on_unreadable_(why);
    }
  }

  void completed(const Completion& result) override {
    if (on_completed_) {
      on_completed_(result);
    }
  }

 private:
  OnUntagged on_untagged_;
  OnCompleted on_completed_;
  OnUnreadable on_unreadable_;
};

/// Sends when there is room for it: a server that reads no more until we have read its answers never gets more ahead of
/// it than its buffers hold.
inline void send_bounded(Session& session, Command command, std::shared_ptr<Answer> answer) {
  constexpr std::size_t kMostOctets = 48U * 1024U;
  while (session.command_octets() > kMostOctets) {
    session.pump(-1, std::chrono::seconds(5));
  }
  session.send(std::move(command), std::move(answer));
}

}  // namespace mailpipe::imap
