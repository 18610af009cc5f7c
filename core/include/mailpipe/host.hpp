#pragma once

#include <mailpipe/fs.hpp>
#include <mailpipe/item.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mailpipe {

enum class LogLevel : std::int32_t { Debug = 0, Info = 1, Warn = 2, Error = 3 };

/// How far the run is to stop: finish what is in flight, or drop everything at once.
enum class Cancel : std::int32_t { Running = 0, Drain = 1, Abort = 2 };

/// What the engine offers to one component.
///
/// Life cycle  Valid from the component's constructor to the end of its destructor.
/// Threads     Any, but get(), put() and kept(): those are for filters, inside judge() and settle().
class Host {
 public:
  virtual ~Host() = default;

  /// One line for people; foreign text in it is made printable on the way out.
  virtual void log(LogLevel level, std::string_view message, const Pairs& fields) = 0;

  void log(LogLevel level, std::string_view message) { log(level, message, {}); }

  /// Adds to a named counter of this component, e.g. "http_requests"; shown in the report.
  virtual void count(std::string_view name, std::uint64_t add = 1) = 0;

  virtual Cancel cancelled() const = 0;

  /// Polls readable from Cancel::Abort on. The host's; never read from or close it.
  virtual int cancel_fd() const = 0;

  /// Sleeps. Throws Error(Cancelled) as soon as the run is to stop. A plugin never sleeps by
  /// itself.
  virtual void wait(std::chrono::milliseconds time) = 0;

  /// One instant for the whole run.
  virtual std::chrono::sys_seconds run_time() const = 0;

  /// The secret that an option refers to, by JSON pointer ("/token"). `refresh` runs its $command
  /// or reads its $file again, as when a token has expired. Throws Error(Auth) or Error(Config). Do
  /// not keep it longer than needed.
  virtual std::string secret(std::string_view pointer, bool refresh = false) = 0;

  /// A filter's own durable values, written in the same ledger transaction as what they belong to.
  virtual std::optional<std::string> get(std::string_view name) = 0;
  virtual void put(std::string_view name, std::string_view value) = 0;

  /// For filters, inside judge(): whether the message that was once listed under `key` is stored, or on its way to the
  /// sinks. Returns its key of today: a server that ends a UIDVALIDITY changes keys.
  virtual std::optional<std::string> kept(std::string_view key) = 0;

  virtual Fs& fs() = 0;

 protected:
  Host() = default;
  Host(const Host&) = default;
  Host& operator=(const Host&) = default;
};

}  // namespace mailpipe
