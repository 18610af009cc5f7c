#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe {

/// What kind of failure it is. The class alone decides what the engine does and the exit status
/// (run/exit_code.hpp); values are those of plugin.h.
enum class ErrorClass : std::int32_t {
  Transient = -1,
  RateLimit = -2,
  Auth = -3,
  Config = -4,
  Item = -5,
  Permanent = -6,
  Cancelled = -7,
  CursorLost = -8,
  NoSpace = -9,
  Internal = -99,
};

/// Whether the same may work later: the engine backs off and tries again.
constexpr bool may_pass(ErrorClass error_class) noexcept {
  return error_class == ErrorClass::Transient || error_class == ErrorClass::RateLimit;
}

/// The one exception of mailpipe. Thrown where a failure happens; caught at three edges only: the
/// plugin border, the top of a worker thread, main. Expected outcomes (drop, not found, end) are
/// return values instead.
///
/// what()  One line for people, naming the server, mailbox or file. Never a password, token or
/// message text.
class Error : public std::runtime_error {
 public:
  using Details = std::vector<std::pair<std::string, std::string>>;

  Error(ErrorClass error_class, const std::string& what, std::string hint = {})
      : std::runtime_error(what),
        class_(error_class),
        hint_(std::move(hint)) {}

  ErrorClass error_class() const noexcept { return class_; }

  /// What the user can do about it, or empty.
  const std::string& hint() const noexcept { return hint_; }

  /// What the server asked us to wait; zero when it said nothing.
  std::chrono::milliseconds retry_after() const noexcept { return retry_after_; }

  /// Facts for machines: http_status, server_text, mailbox, ...
  const Details& details() const noexcept { return details_; }

  Error& retry_after(std::chrono::milliseconds wait) noexcept {
    retry_after_ = wait;
    return *this;
  }

  Error& detail(std::string name, std::string value) {
    details_.emplace_back(std::move(name), std::move(value));
    return *this;
  }

 private:
  ErrorClass class_;
  std::string hint_;
  std::chrono::milliseconds retry_after_{0};
  Details details_;
};

}  // namespace mailpipe
