#pragma once

#include <string>

namespace mailpipe::config {

/// The `file` of a Mark for what came with --set: line n is the n-th --set.
inline constexpr char kCommandLine[] = "command line";

/// Where something was written. Lines and columns count from 1, columns in characters.
/// Line 0 means the file as a whole.
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;
  int length = 1;  ///< characters to underline
};

}  // namespace mailpipe::config
