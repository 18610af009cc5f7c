#pragma once

#include <mailpipe/testing/forwarding_fs.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <numeric>

namespace mailpipe::test {

/// Counts the calls of each kind: a figure that does not depend on the machine.
class CountingFs final : public ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;

  std::uint64_t count(FsCall call) const { return counts_.at(static_cast<std::size_t>(call)); }

  std::uint64_t total() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
  }

  std::uint64_t syncs() const {
    return count(FsCall::Fdatasync) + count(FsCall::Fsync) + count(FsCall::Syncfs);
  }

  void reset() {
    for (auto& count : counts_) {
      count = 0;
    }
  }

 protected:
  int before(FsCall call) noexcept override {
    ++counts_[static_cast<std::size_t>(call)];
    return 0;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kFsCalls> counts_{};
};

}  // namespace mailpipe::test
