#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::test {

/// The system calls by which anything can come to the disk.
inline constexpr std::array kDiskCalls = {
    "openat",    "mkdirat",  "write",     "pwrite64",  "pwritev",   "fallocate", "fsync",
    "fdatasync", "syncfs",   "rename",    "renameat",  "renameat2", "link",      "linkat",
    "unlink",    "unlinkat", "utimensat", "ftruncate", "close"};

/// What happens at one of them.
struct Fault {
  enum class Kind {
    Kill,   ///< the program dies at its entry
    Error,  ///< it is not done, and fails; a close() is done and fails
    Short,  ///< half of the octets are written
  };

  std::string call;
  std::size_t nth = 1;  ///< among the calls of that name of all threads, from 1
  Kind kind = Kind::Kill;
  int error = 0;
  bool lasts = false;      ///< all that follow of that name fail likewise
  bool ours_only = false;  ///< counts calls beneath the scope only
};

struct TracedEnd {
  int exit_code = -1;  ///< 128 + n when signal n ended it
  std::string out, err;
  bool fired = false;
  std::string call;   ///< the one it fired at: "fsync /…/mail/INBOX"
  bool ours = false;  ///< whether that concerned a file beneath the scope
  std::map<std::string, std::size_t> calls,
      ours_of;  ///< how many were counted, by name; those beneath the scope
};

/// Runs programs and stops them at their system calls, which are counted over all threads.
///
/// strace can kill and fail as well, but counts for each thread by itself, so that the fifth openat of a thread which
/// begins late is never reached: the fifth of another one is always first.
///
/// Life cycle  Any number of runs, one at a time. A program that runs for longer than the deadline ends by SIGALRM.
/// Threads     One; the programs are children of it.
class SyscallTracer {
 public:
  /// `scope`: calls beneath it are ours.
  explicit SyscallTracer(std::filesystem::path scope) : scope_(std::move(scope)) {}

  static constexpr unsigned kDeadlineSeconds = 40;

  /// Counts the calls of the fault's name, or none. `fired` is called when it is about to happen: the thread that makes the
  /// call waits, and the others have come to rest, so that what they had begun is done.
  TracedEnd run(std::vector<std::string> words, std::vector<std::string> environment,
                const std::optional<Fault>& fault, const std::function<void()>& fired = {}) const;

  /// Counts all of kDiskCalls, and disturbs none.
  TracedEnd count(std::vector<std::string> words, std::vector<std::string> environment) const;

 private:
  std::filesystem::path scope_;
};

}  // namespace mailpipe::test
