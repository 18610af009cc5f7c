#pragma once

#include "crash/syscall_oracle.hpp"
#include "crash/syscall_pipeline.hpp"
#include "crash/syscall_tracer.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace mailpipe::test {

/// One shape of a pipeline, disturbed at one system call after the other.
///
/// Life cycle  Made; swept; its end prints how many points there were.
/// Errors      Those of the program become failures of the test, with the point; after a few of them it stops.
class SyscallSweep {
 public:
  explicit SyscallSweep(SyscallShape shape);
  ~SyscallSweep();
  SyscallSweep(const SyscallSweep&) = delete;
  SyscallSweep& operator=(const SyscallSweep&) = delete;

  // How many calls of each name are tried: so many, spread over those at files of ours; or until there is none more:
  static constexpr std::size_t kAll = 0;          ///< all
  static constexpr std::size_t kOurs = SIZE_MAX;  ///< all at files of ours

  void kill(std::size_t of_each);
  void fail(const std::string& calls, Fault fault, std::size_t of_each);

  /// One error after the other, at one call of each name.
  void fail_somewhere();

 private:
  bool enough() const;
  void expect_enough(const std::string& call, std::size_t of_each, std::size_t fired);
  void sweep(Fault fault, std::size_t of_each);
  bool disturb(const Fault& fault);
  void judge_error(const Fault& fault, const TracedEnd& end, const LedgerText& before,
                   const LedgerText& after);
  void judge_success(const Fault& fault, const TracedEnd& end);
  void judge_words(const Fault& fault, const TracedEnd& end, bool at_ledger);
  void blame(const Fault& fault, const TracedEnd& end, const std::string& what);

  struct Count {
    std::size_t fired = 0, ours = 0;
  };

  SyscallPipeline pipeline_;
  SyscallOracle oracle_;
  std::map<std::string, Count> counts_;
  std::map<std::string, std::size_t> ends_;  ///< how runs ended, for the summary
  std::size_t runs_ = 0;
  std::size_t blamed_ = 0;
};

}  // namespace mailpipe::test
