#pragma once

#include <mailpipe/error.hpp>

#include <array>

namespace mailpipe::run {

/// The exit codes of the program; `mailpipe --help` lists them.
inline constexpr int kOk = 0;
inline constexpr int kFailure = 1;
inline constexpr int kConfiguration = 2;
inline constexpr int kQuarantined =
    3;  ///< finished, but some messages are quarantined, or the guard was tripped
inline constexpr int kAuthentication = 4;
inline constexpr int kPlugin = 5;
inline constexpr int kNoSpace = 6;
inline constexpr int kTemporary = 75;  ///< run again later (EX_TEMPFAIL)
inline constexpr int kInterrupted = 130;
inline constexpr int kTerminated = 143;

/// The one place where an error's class becomes an exit code.
constexpr int exit_code(ErrorClass error_class) noexcept {
  switch (error_class) {
    case ErrorClass::Transient:
    case ErrorClass::RateLimit:
      return kTemporary;
    case ErrorClass::Auth:
      return kAuthentication;
    case ErrorClass::Config:
      return kConfiguration;
    case ErrorClass::Item:
      return kQuarantined;
    case ErrorClass::NoSpace:
      return kNoSpace;
    case ErrorClass::Cancelled:
      return kInterrupted;
    default:
      return kFailure;
  }
}

/// Of several runs or errors, the first that occurs in this order.
constexpr int worst(int a, int b) noexcept {
  constexpr std::array kOrder = {kInterrupted,    kTerminated, kConfiguration, kPlugin,
                                 kAuthentication, kNoSpace,    kFailure,       kTemporary,
                                 kQuarantined,    kOk};
  for (const int code : kOrder) {
    if (a == code || b == code) {
      return code;
    }
  }
  return a != 0 ? a : b;
}

}  // namespace mailpipe::run
