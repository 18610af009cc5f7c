#pragma once

#include <mailpipe/testing/forwarding_fs.hpp>

namespace mailpipe::test {

/// Says that it synced and does not: a test that only looks at files need not wait for the disk.
class UnsyncedFs final : public ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;

  int fdatasync(int /*fd*/) noexcept override { return 0; }

  int fsync(int /*fd*/) noexcept override { return 0; }

  int syncfs(int /*fd*/) noexcept override { return 0; }

 protected:
  int before(FsCall /*call*/) noexcept override { return 0; }
};

}  // namespace mailpipe::test
