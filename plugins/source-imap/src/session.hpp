#pragma once

#include "capabilities.hpp"
#include "command.hpp"
#include "response.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace mailpipe {
class Error;
class Host;
class LoginKeeper;
}  // namespace mailpipe

namespace mailpipe::imap {

struct Settings;

/// Where the octets of one body go.
class BodyTarget {
 public:
  virtual ~BodyTarget() = default;
  virtual void write(std::string_view octets) = 0;

  /// All `octets` announced to Answer::body() have come.
  virtual void done() = 0;
};

/// What the sender of one command hears, in the order in which the server answers.
///
/// Threads  The session's.
/// Errors   What a method throws ends pump(); the session is broken then.
class Answer {
 public:
  virtual ~Answer() = default;

  virtual void untagged(const Untagged& /*response*/) {}

  /// Whether a FETCH response for this UID, or a SEARCH result, may be this command's. Servers may work on several commands
  /// at once where that is unambiguous (RFC 3501 section 5.5; Dovecot does), so these go to the oldest command that
  /// expects them; what none expects goes to the oldest of all.
  virtual bool expects_fetch(std::uint32_t /*uid*/) const { return false; }

  virtual bool expects_search() const { return false; }

  /// A body of so many octets comes now. uid 0: the server sends it before the UID. Null: the octets are dropped. A
  /// target is asked for nothing after its done(). A session that ends in the middle destroys it without done().
  virtual std::unique_ptr<BodyTarget> body(std::uint32_t /*uid*/, std::uint64_t /*octets*/) {
    return nullptr;
  }

  /// A response to this command could not be read; what it said is unknown, so the command has failed for whatever it
  /// was about. completed() still comes.
  virtual void unreadable(const Error& /*why*/) {}

  /// The tagged response; the last call.
  virtual void completed(const Completion& result) = 0;
};

/// One connection to a server: commands go out as they are given, answers come back to their senders.
///
/// Untagged responses belong to the oldest command without its tagged one, but for what another expects. Writing goes on while reading and reading
/// while writing, so a server that stops reading until we read cannot lock us up.
///
/// Life cycle   Construct; open(); send() and pump(); destruction drops the connection (LOGOUT is said when nothing is
///              unanswered).
/// Threads      One at a time.
/// Errors       Throws Error: Transient (no connection, closed, stalled, BYE), RateLimit (OVERQUOTA, THROTTLED, too many
///              connections; with the server's hint), Auth, Config (certificate, no TLS, no mechanism), Cancelled. After
///              an error the session is broken(): make another. What is unanswered then is told nothing more.
class Session {
 public:
  Session(const Settings& settings, Host& host, LoginKeeper& login);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Connects, secures, logs in, and knows the capabilities then. An expired token is asked for once again.
  void open();

  /// After open().
  const Capabilities& capabilities() const noexcept;

  /// Queues a command; written by pump().
  void send(Command command, std::shared_ptr<Answer> answer);

  /// Writes and reads until some response was dispatched, `wake_fd` is readable (-1: none), or `most` has passed. Returns
  /// at once when nothing is unanswered and there is no wake_fd. Throws Transient when the server is silent for longer
  /// than Settings::timeout while something is unanswered.
  void pump(int wake_fd, std::chrono::milliseconds most);

  /// Until everything sent is answered.
  void finish();

  std::size_t unanswered() const noexcept;  ///< commands

  /// Octets of commands whose tagged response has not come: senders keep it below 64 KiB.
  std::size_t command_octets() const noexcept;

  bool broken() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mailpipe::imap
