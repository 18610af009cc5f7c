// The real program, killed and refused at a spread of its system calls; syscall_full_test.cpp does it at all of them.
#include "crash/syscall_shapes.hpp"
#include "crash/syscall_sweep.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace mailpipe::test {
namespace {

class Syscalls : public testing::TestWithParam<SyscallShape> {};

TEST_P(Syscalls, KilledAtSomeOfThemLosesAndDoublesNothing) {
  SyscallSweep(GetParam()).kill(2);
}

TEST_P(Syscalls, RefusedSomeOfThemSaysSoAndTheNextRunMakesUpForIt) {
  SyscallSweep(GetParam()).fail_somewhere();
}

INSTANTIATE_TEST_SUITE_P(All, Syscalls, syscall_shapes(), shape_name);

}  // namespace
}  // namespace mailpipe::test
