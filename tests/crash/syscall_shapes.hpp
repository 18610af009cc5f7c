#pragma once

#include "crash/syscall_pipeline.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::test {

/// Each source into each sink for the first time; later runs, which mirror what changed, into several sinks at once.
inline auto syscall_shapes() {
  return testing::Values(SyscallShape{"imap", {"maildir"}}, SyscallShape{"imap", {"eml"}},
                         SyscallShape{"imap", {"mbox"}}, SyscallShape{"jmap", {"maildir"}},
                         SyscallShape{"jmap", {"eml"}}, SyscallShape{"jmap", {"mbox"}},
                         SyscallShape{"imap", {"maildir", "eml"}, true},
                         SyscallShape{"jmap", {"maildir", "mbox"}, true});
}

inline std::string shape_name(const testing::TestParamInfo<SyscallShape>& shape) {
  std::string out = shape.param.source;
  for (const std::string& sink : shape.param.sinks) {
    out += "_" + sink;
  }
  return out + (shape.param.later ? "_later" : "");
}

}  // namespace mailpipe::test
