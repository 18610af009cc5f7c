#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/plugin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

// Between Error and the status and mp_error of plugin.h. Used on both sides of the boundary.
namespace mailpipe::detail {

inline mp_error empty_error() noexcept {
  mp_error error{};
  error.struct_size = sizeof error;
  return error;
}

/// Copies text into a fixed field, NUL-terminated.
template <std::size_t N>
void assign(char (&field)[N], std::string_view text) noexcept {
  const std::size_t n = std::min(text.size(), N - 1);
  std::memcpy(field, text.data(), n);
  field[n] = '\0';
}

inline void append_detail(mp_error& out, std::string_view name, std::string_view value) noexcept {
  if (out.details_size + name.size() + value.size() + 2 > sizeof out.details) {
    return;
  }
  for (const std::string_view part : {name, value}) {
    std::memcpy(out.details + out.details_size, part.data(), part.size());
    out.details[out.details_size + part.size()] = '\0';
    out.details_size += static_cast<std::uint32_t>(part.size()) + 1;
  }
}

/// Describes `what` in `out` (which may be null) and returns its class as a status.
inline mp_status report(mp_error* out, const Error& what) noexcept {
  if (out != nullptr) {
    assign(out->what, what.what());
    assign(out->hint, what.hint());
    out->retry_after_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, what.retry_after().count()));
    out->details_size = 0;
    for (const auto& [name, value] : what.details()) {
      append_detail(*out, name, value);
    }
  }
  return static_cast<mp_status>(what.error_class());
}

inline Error::Details to_details(const mp_error& in) {
  Error::Details details;
  std::string_view rest(in.details, std::min<std::size_t>(in.details_size, sizeof in.details));
  const auto next = [&rest] {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    std::string part(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  while (!rest.empty()) {
    std::string name = next();
    details.emplace_back(std::move(name), next());
  }
  return details;
}

/// The classes that may cross; anything else is a plugin's bug.
inline ErrorClass to_class(mp_status status) noexcept {
  return status <= MP_E_TRANSIENT && status >= MP_E_NO_SPACE ? static_cast<ErrorClass>(status)
                                                             : ErrorClass::Internal;
}

inline Error to_error(mp_status status, const mp_error& in) {
  const auto field = [](const char* text, std::size_t size) {
    return std::string(text, strnlen(text, size));
  };
  std::string what = field(in.what, sizeof in.what);
  Error error(to_class(status), what.empty() ? "failed without a word" : what,
              field(in.hint, sizeof in.hint));
  error.retry_after(
      std::chrono::milliseconds(std::min<std::uint64_t>(in.retry_after_ms, 1ULL << 40)));
  for (auto& [name, value] : to_details(in)) {
    error.detail(std::move(name), std::move(value));
  }
  return error;
}

inline void throw_on(mp_status status, const mp_error& error) {
  if (status < 0) {
    throw to_error(status, error);
  }
}

/// For the few calls that fail without an mp_error.
inline void throw_on(mp_status status, const char* call) {
  if (status == MP_E_CANCELLED) {
    throw Error(ErrorClass::Cancelled, "the run was cancelled");
  }
  if (status < 0) {
    throw Error(to_class(status), std::string("'") + call + "' was refused");
  }
}

/// Runs the code of a slot; nothing thrown gets past it.
template <class Function>
mp_status guard(mp_error* error, Function&& function) noexcept {
  try {
    return function();
  } catch (const Error& what) {
    return report(error, what);
  } catch (const std::exception& what) {
    return report(error,
                  Error(ErrorClass::Internal, std::string("unexpected exception: ") + what.what()));
  } catch (...) {
    return report(error,
                  Error(ErrorClass::Internal, "unexpected exception that is no std::exception"));
  }
}

}  // namespace mailpipe::detail
