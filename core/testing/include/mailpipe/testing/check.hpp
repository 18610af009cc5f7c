#pragma once

#include <mailpipe/error.hpp>

#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// What the checks of all roles are made of. They know no test framework: the contract suites and
// `mailpipe plugin check` run the same ones.
namespace mailpipe::test {

/// A component broke a promise of plugin.h. what() says which, hint() where to look.
class Broken : public std::runtime_error {
 public:
  explicit Broken(const std::string& what, std::string hint = {})
      : std::runtime_error(what),
        hint_(std::move(hint)) {}

  const std::string& hint() const noexcept { return hint_; }

 private:
  std::string hint_;
};

/// The check says nothing of this component: a capability is missing, the account is empty.
class NotApplicable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void demand(bool holds, const std::string& broken, const std::string& hint = {}) {
  if (!holds) {
    throw Broken(broken, hint);
  }
}

/// One promise; `name` is a sentence in CamelCase. Throws Broken, NotApplicable, or what the
/// component threw where it must not throw.
template <class Case>
struct Check {
  const char* name;
  void (*run)(const Case&);
};

/// "ListsTheSameAgain" -> "lists the same again".
inline std::string sentence_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !out.empty()) {
      out += ' ';
    }
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

/// The class of what `action` throws; ErrorClass{0} if nothing. Internal is never an answer: it stands
/// for a bug, or for what the boundary refused.
inline ErrorClass class_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::Internal) {
      throw Broken(error.what(), error.hint());
    }
    return error.error_class();
  }
  return ErrorClass{0};
}

/// What to do when a component does not come back; must not return. A program may say something
/// of its own.
inline std::function<void(const std::string&)>& on_hang() {
  static std::function<void(const std::string&)> handler = [](const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
  };
  return handler;
}

/// Runs `action`, which is to end soon: at once is fine, and half a minute is far too long.
inline void ends_soon(const std::string& what, const std::function<void()>& action,
                      std::chrono::seconds limit = std::chrono::seconds(30)) {
  std::mutex mutex;
  std::condition_variable ended;
  bool over = false;
  std::jthread watch([&] {
    std::unique_lock lock(mutex);
    if (!ended.wait_for(lock, limit, [&] { return over; })) {
      on_hang()(what + " did not end within " + std::to_string(limit.count()) + " s");
    }
  });
  const auto tell = [&] {
    const std::lock_guard lock(mutex);
    over = true;
    ended.notify_all();
  };
  try {
    action();
  } catch (...) {
    tell();
    throw;
  }
  tell();
}

}  // namespace mailpipe::test
