#pragma once

#include <cstddef>
#include <fstream>
#include <string>

namespace mailpipe::test {

/// Memory of this process in KiB as proc(5) names it: "VmRSS" now, "VmHWM" at its peak. 0 where it is not told.
inline std::size_t resident_kib(const std::string& name) {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(name + ":")) {
      return std::stoul(line.substr(name.size() + 1));
    }
  }
  return 0;
}

/// The peak counts from here on.
inline void forget_peak_of_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace mailpipe::test
