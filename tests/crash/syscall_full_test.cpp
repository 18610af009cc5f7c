// The real program, killed and refused at every one of its system calls.
#include "crash/syscall_shapes.hpp"
#include "crash/syscall_sweep.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace mailpipe::test {
namespace {

constexpr const char* kAllCalls =
    "openat mkdirat write pwrite64 pwritev fallocate fsync fdatasync syncfs rename renameat "
    "renameat2 link linkat unlink "
    "unlinkat utimensat ftruncate close";
constexpr const char* kThatNeedRoom =
    "openat mkdirat write pwrite64 pwritev fallocate fsync fdatasync syncfs rename renameat "
    "renameat2 link linkat "
    "ftruncate close";

class AllSyscalls : public testing::TestWithParam<SyscallShape> {
 protected:
  static void fail(const std::string& calls, const Fault& fault,
                   std::size_t which = SyscallSweep::kOurs) {
    SyscallSweep(GetParam()).fail(calls, fault, which);
  }

  static Fault once(int error) { return {.kind = Fault::Kind::Error, .error = error}; }

  static Fault from_then_on(int error) {
    return {.kind = Fault::Kind::Error, .error = error, .lasts = true};
  }
};

TEST_P(AllSyscalls, KilledAtEachLosesAndDoublesNothing) {
  SyscallSweep(GetParam()).kill(SyscallSweep::kOurs);
}

TEST_P(AllSyscalls, BrokenDisk) {
  fail(kAllCalls, once(EIO));
}

TEST_P(AllSyscalls, DiskThatStaysBroken) {
  fail("write pwrite64 fsync fdatasync syncfs", from_then_on(EIO));
}

TEST_P(AllSyscalls, FullDisk) {
  fail(kThatNeedRoom, once(ENOSPC));
}

TEST_P(AllSyscalls, DiskThatStaysFull) {
  fail("openat mkdirat write pwrite64", from_then_on(ENOSPC));
}

TEST_P(AllSyscalls, UsedUpQuota) {
  fail(kThatNeedRoom, once(EDQUOT));
}

TEST_P(AllSyscalls, OtherDisk) {
  fail("rename renameat renameat2 link linkat", once(EXDEV));
}

TEST_P(AllSyscalls, NoDescriptorLeft) {
  fail("openat", once(EMFILE), SyscallSweep::kAll);
}

TEST_P(AllSyscalls, ShortWrites) {
  fail("write pwrite64", {.kind = Fault::Kind::Short});
}

INSTANTIATE_TEST_SUITE_P(All, AllSyscalls, syscall_shapes(), shape_name);

}  // namespace
}  // namespace mailpipe::test
