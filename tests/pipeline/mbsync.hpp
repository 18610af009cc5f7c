#pragma once

#include "support/process.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mailpipe::test {

/// mbsync, as the seed's .mbsyncrc has it.
struct Mbsync {
  int port = 0;
  std::string user;
  std::vector<std::string> patterns = {"*"};

  /// Copies the account to Maildirs below `root`, with its state in them. `folder` is for the configuration.
  Finished run(const std::filesystem::path& folder, const std::filesystem::path& root) const;
};

/// The first place in PATH of a program, or empty.
std::string find_program(const std::string& name);

}  // namespace mailpipe::test
