#pragma once

#include <memory>
#include <string>

namespace mailpipe::test {

/// A small account on a server in this process: two mailboxes, a message in both where the protocol has that, flags and
/// a keyword, one body that is larger than what the program keeps in memory.
class SyscallAccount {
 public:
  virtual ~SyscallAccount() = default;

  /// The source of a pipeline file.
  virtual std::string yaml() const = 0;

  /// What happens between two runs: messages come, go, move and change.
  virtual void change() = 0;
};

std::unique_ptr<SyscallAccount> imap_account();
std::unique_ptr<SyscallAccount> jmap_account();

}  // namespace mailpipe::test
