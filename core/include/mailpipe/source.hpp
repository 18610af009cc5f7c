#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/item.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mailpipe {

/// Where a stream's last run ended.
struct Cursor {
  StreamId stream = 0;
  std::string name;   ///< as the source named the stream
  std::string value;  ///< JSON as the source wrote it at its last checkpoint; empty: no listing was
                      ///< ever completed
};

using Cursors = std::vector<Cursor>;

/// Values are those of plugin.h, which says what each means.
enum class EventKind : std::uint32_t {
  Listed = 1,
  Changed = 2,
  Removed = 3,
  Gone = 4,
  Keywords = 5,
  Mailbox = 10,
  MailboxRemoved = 11,
  ListingBegin = 20,
  ListingEnd = 21,
  Checkpoint = 30,
  Estimate = 40,
};

/// What a source tells of a stream; which fields count depends on the kind.
struct Event {
  EventKind kind = EventKind::Listed;
  StreamId stream = 0;
  Item item{};
  Mailbox mailbox{};
  std::string key{};
  std::string cursor{};
  std::uint64_t count = 0;
};

/// Where list() reports to.
///
/// Threads  The thread that runs list().
/// Errors   emit() blocks while the engine is busy and throws Error(Cancelled) when the run is to
/// stop: let it pass.
class Emitter {
 public:
  Emitter() = default;
  Emitter(const Emitter&) = default;
  Emitter& operator=(const Emitter&) = default;
  virtual ~Emitter() = default;

  /// The stream of that name, made when new. `label` is for people ("ann@example.org", "INBOX").
  virtual StreamId stream(std::string_view name, std::string_view label) = 0;
  virtual void emit(Event event) = 0;

  /// The message is there, whether new or already known.
  void listed(Item item) { about(EventKind::Listed, std::move(item)); }

  /// Its places, keywords or attributes changed.
  void changed(Item item) { about(EventKind::Changed, std::move(item)); }

  /// Its keywords are these now; nothing else of it changed. Unknown keys are ignored.
  void keywords(StreamId stream, std::string key, std::vector<std::string> keywords) {
    Event event{.kind = EventKind::Keywords, .stream = stream};
    event.item.key = std::move(key);
    event.item.stream = stream;
    event.item.keywords = std::move(keywords);
    emit(std::move(event));
  }

  /// The server says that it was removed.
  void removed(StreamId stream, std::string key) {
    about(EventKind::Removed, stream, std::move(key));
  }

  /// Announced as new, but vanished before it could be read.
  void gone(StreamId stream, std::string key) { about(EventKind::Gone, stream, std::move(key)); }

  /// The mailbox is there: new, changed or renamed (same id).
  void mailbox(StreamId stream, Mailbox mailbox) {
    emit({.kind = EventKind::Mailbox, .stream = stream, .mailbox = std::move(mailbox)});
  }

  void mailbox_removed(StreamId stream, std::string id) {
    emit({.kind = EventKind::MailboxRemoved,
          .stream = stream,
          .mailbox = {.id = std::move(id), .path = {}, .role = {}}});
  }

  /// What follows, up to listing_end(), is all that the stream holds; what is not listed by then
  /// was removed. If it names mailboxes, it names them all.
  void listing_begin(StreamId stream) { emit({.kind = EventKind::ListingBegin, .stream = stream}); }

  void listing_end(StreamId stream) { emit({.kind = EventKind::ListingEnd, .stream = stream}); }

  /// All before this was told; stored as the stream's cursor once all of it is settled.
  void checkpoint(StreamId stream, std::string cursor) {
    emit({.kind = EventKind::Checkpoint, .stream = stream, .cursor = std::move(cursor)});
  }

  /// About so many items will be listed in this stream; for progress only.
  void estimate(StreamId stream, std::uint64_t count) {
    emit({.kind = EventKind::Estimate, .stream = stream, .count = count});
  }

 private:
  void about(EventKind kind, Item item) {
    Event event{.kind = kind, .stream = item.stream};
    event.item = std::move(item);
    emit(std::move(event));
  }

  void about(EventKind kind, StreamId stream, std::string key) {
    emit({.kind = kind, .stream = stream, .key = std::move(key)});
  }
};

enum class Want : std::uint32_t { Headers = 1, Body = 2 };

/// One message to fetch. Ends in exactly one of BodyWriter::done(), WorkQueue::fail(),
/// WorkQueue::gone().
struct Work {
  std::uint64_t token = 0;
  StreamId stream = 0;
  std::string key, ref, server_id;
  std::optional<std::uint64_t> size;
  Want want = Want::Body;
};

/// One body on its way in. Destroying it before done() gives it up: open it again, or fail the
/// work.
///
/// Threads  The thread that opened it.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;

  /// Never waits for memory. Throws Error(NoSpace) and the like.
  virtual void write(std::string_view octets) = 0;

  /// The body is complete.
  virtual void done() = 0;
};

/// How much take() may hand out.
struct TakeLimits {
  std::uint32_t items = 64;
  std::uint64_t bytes = 16U * 1024U * 1024U;  ///< at least one work is handed out whatever its size
  bool wait = true;                           ///< false: returns Empty instead of waiting
  bool same_stream = false;
};

struct Taken {
  enum class State { Works, Empty, End } state = State::Works;
  std::vector<Work> works;
};

/// Where fetch() takes work from and delivers to.
///
/// Threads  Any that run fetch(), at once.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;

  /// Waits until there is work and room for its bodies. This is the only back-pressure. Throws Error(Internal) instead of
  /// waiting where this fetch() has not answered all that it took: then limits.wait must be false.
  virtual Taken take(const TakeLimits& limits) = 0;

  /// Readable while take() would return at once. For poll(); never read from or close it.
  virtual int wake_fd() = 0;

  /// Opens the body of a work. Many may be open on one thread.
  virtual std::unique_ptr<BodyWriter> open(std::uint64_t token) = 0;

  /// The work failed; the error's class decides whether it comes again.
  virtual void fail(std::uint64_t token, const Error& error) = 0;

  /// The server confirmed that the message is no longer there.
  virtual void gone(std::uint64_t token) = 0;
};

/// Where messages come from: a mail account. It never changes anything on the server.
///
/// Life cycle  check() or list() and fetch(); destroyed after all of them returned.
/// Threads     list() on one thread; fetch() on up to fetch_threads() threads at once, beside
/// list(). Errors      Throws Error. Transient and RateLimit: called again; CursorLost from list():
/// called again without cursors; Permanent from list(): what it told before is still stored.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::uint32_t fetch_threads() const { return 1; }

  /// Logs in and reads capabilities. No side effects.
  virtual void check() = 0;

  /// Tells what is there, or what changed since the cursors.
  virtual void list(const Cursors& cursors, Emitter& emitter) = 0;

  /// Takes work until Taken::State::End.
  virtual void fetch(WorkQueue& queue) = 0;
};

}  // namespace mailpipe
