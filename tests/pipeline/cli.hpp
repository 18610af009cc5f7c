#pragma once

#include "support/process.hpp"

#include <string>
#include <vector>

namespace mailpipe::test {

/// Runs the real program.
inline Finished mailpipe(std::vector<std::string> words, const Environment& environment = {}) {
  words.insert(words.begin(), MAILPIPE_PROGRAM);
  return run_process(std::move(words), environment);
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mailpipe::test
