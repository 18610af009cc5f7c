#pragma once

#include "catalog.hpp"
#include "host_table.hpp"

#include <mailpipe/detail/errors.hpp>
#include <mailpipe/error.hpp>
#include <mailpipe/host.hpp>
#include <mailpipe/plugin.h>

#include <exception>
#include <string>
#include <string_view>

namespace mailpipe::plugin {

/// Keeps what one of our own callbacks threw while a plugin was running, so that it comes out on the
/// other side as it was, whatever the plugin made of the status.
///
/// Threads  One: the thread that is inside of the plugin.
class Pending {
 public:
  /// Runs the body of a callback. Nothing thrown gets past it.
  template <class Function>
  mp_status guard(mp_error* error, Function&& function) noexcept {
    return detail::guard(error, [&] {
      try {
        return function();
      } catch (...) {
        if (!first_) {
          first_ = std::current_exception();
        }
        throw;
      }
    });
  }

  void rethrow() const {
    if (first_) {
      std::rethrow_exception(first_);
    }
  }

 private:
  std::exception_ptr first_;
};

/// One component that a plugin made, and the way into it.
///
/// Life cycle  Made by create(), ended by destroy(). Host must outlive it.
/// Threads     As plugin.h says of each slot.
/// Errors      The constructor and call() throw Error, with plugin and version as details. What
///             breaks the contract of plugin.h becomes class Internal and names the plugin.
class Instance {
 public:
  Instance(const Candidate& candidate, config::Kind kind, std::string_view type,
           std::string_view options, Host& host);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  template <class Table>
  const Table& table() const noexcept {
    return *static_cast<const Table*>(component_.vtable);
  }

  void* self() const noexcept { return self_; }

  /// Calls `function(mp_error*)`, which calls a slot, and throws what the slot reports.
  template <class Function>
  void call(const char* slot, Function&& function) const {
    mp_error error = detail::empty_error();
    check(slot, function(&error), error);
  }

  /// The same for a slot that calls us back.
  template <class Function>
  void call(const char* slot, const Pending& pending, Function&& function) const {
    mp_error error = detail::empty_error();
    const mp_status status = function(&error);
    pending.rethrow();
    check(slot, status, error);
  }

  /// Throws Error(Internal): "plugin 'x' 1.0: 'store' returned ...".
  [[noreturn]] void breach(const char* slot, const std::string& what) const;

 private:
  void check(const char* slot, mp_status status, const mp_error& error) const;
  Error named(Error error) const;

  const std::string id_, version_;
  const mp_component& component_;
  HostTable host_;
  void* self_ = nullptr;
};

}  // namespace mailpipe::plugin
