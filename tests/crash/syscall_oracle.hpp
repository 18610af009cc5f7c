#pragma once

#include "crash/syscall_pipeline.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What must be true of a pipeline's folder after a run that ended in any way, and after the run that follows.
///
/// Life cycle  Made from an undisturbed run. Each check gives what is wrong; nothing if all is well.
class SyscallOracle {
 public:
  explicit SyscallOracle(SyscallPipeline& pipeline);

  /// The ledger is not ahead of the disk, and no reader sees a part of a message.
  std::vector<std::string> at_once(const LedgerText& ledger) const;

  /// As if it had never been disturbed. `unlinked`: there were no hard links, so what has several places was copied.
  std::vector<std::string> in_the_end(bool unlinked) const;

  const TracedEnd& undisturbed() const noexcept { return end_; }

 private:
  void check_copy(const ToldCopy& copy, const std::map<std::string, std::string>& visible,
                  std::vector<std::string>& wrong) const;
  void check_boxes(const LedgerText& ledger, std::vector<std::string>& wrong) const;

  SyscallPipeline& pipeline_;
  TracedEnd end_;
  std::map<std::string, std::string> tree_, boxes_;
  std::vector<std::string> rows_;
  std::set<std::string> whole_;  ///< digests of messages
};

}  // namespace mailpipe::test
