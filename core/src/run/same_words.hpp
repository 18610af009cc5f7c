#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace mailpipe::run {

/// Whether both have the same words, in whatever order: keywords, ids of mailboxes.
inline bool same_words(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

}  // namespace mailpipe::run
