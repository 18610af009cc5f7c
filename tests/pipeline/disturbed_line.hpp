#pragma once

#include "support/test_certificates.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <fstream>
#include <string>

namespace mailpipe::test {

/// Which run is disturbed, and which direction of its line.
struct Where {
  bool next_run = false, to_client = true;
};

inline constexpr Where kEverywhere[] = {{false, true}, {false, false}, {true, true}, {true, false}};

/// Who certifies a server of this test, as a file that the source is given.
struct LineAuthority {
  LineAuthority() { std::ofstream(file()) << keys.root_pem(); }

  std::string file() const { return (dir.path() / "ca.pem").string(); }

  TempDir dir{TempDir::fast_parent()};
  TestAuthority keys;
};

}  // namespace mailpipe::test
