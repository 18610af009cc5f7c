#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>

// Only in the copy of the tree that scripts/mutations makes: each sync and each swapped pair has a number there, and the
// environment says which one is out of order.
namespace mailpipe::mutation {

constexpr std::size_t kMost = 1000;

/// Writes the number into the file that the environment names, once a process.
inline void reached(std::size_t number) {
  static std::array<std::atomic<bool>, kMost> known{};
  static const char* const file = std::getenv("MAILPIPE_MUTATIONS_REACHED");
  if (file != nullptr && !known.at(number).exchange(true)) {
    const std::string line = std::to_string(number) + "\n";
    const int fd = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool wrote = fd >= 0 && ::write(fd, line.data(), line.size()) > 0;
    ::close(fd);
    if (!wrote) {
      std::abort();
    }
  }
}

inline bool chosen(std::size_t number) {
  static const char* const text = std::getenv("MAILPIPE_MUTATION");
  static const std::size_t wanted = text != nullptr ? std::stoul(text) : 0;
  reached(number);
  return wanted == number;
}

/// The call, or as if it had come back well.
template <class Call>
auto unless(std::size_t number, const Call& call) {
  using Result = decltype(call());
  return chosen(number) ? Result() : call();
}

}  // namespace mailpipe::mutation
