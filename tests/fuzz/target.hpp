#pragma once

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::fuzz {

/// What each target defines: does everything with these octets that a reader does, and holds the reader to its promises.
/// libFuzzer calls it (entry.cpp), and so does the usual build with every seed (replay.cpp).
void run(std::string_view octets);

/// A promise. A broken one ends the process, as any crash does, so that libFuzzer keeps the input.
inline void hold(bool kept, std::string_view promise) {
  if (!kept) {
    std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()),
                 promise.data());
    std::abort();
  }
}

/// One line for people, without anything that the gate would change.
inline bool is_printable(std::string_view text) {
  return printable(text, std::numeric_limits<std::size_t>::max() / 2) == text;
}

/// An Error is an answer that a reader may give, if people may see what it says.
inline void hold_printable(const Error& error) {
  hold(is_printable(error.what()), "what an error says is printable");
  hold(is_printable(error.hint()), "an error's hint is printable");
}

/// Runs what may throw an Error, and nothing else.
template <class Reader>
void read(Reader&& reader) {
  try {
    reader();
  } catch (const Error& error) {
    hold_printable(error);
  }
}

/// An input cut into parts, so that seeds can be written by hand.
class Input {
 public:
  explicit Input(std::string_view octets) : rest_(octets) {}

  unsigned octet() {
    if (rest_.empty()) {
      return 0;
    }
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }

  /// Up to the separator, which is taken away.
  std::string part(char separator = '\n') {
    const std::size_t end = rest_.find(separator);
    std::string out(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return out;
  }

  std::string_view rest() const noexcept { return rest_; }

  bool empty() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

inline std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace mailpipe::fuzz
