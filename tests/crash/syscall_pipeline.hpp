#pragma once

#include "crash/syscall_account.hpp"
#include "crash/syscall_ledger.hpp"
#include "crash/syscall_tracer.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What is run: a source, sinks by their types, and which run of the pipeline it is.
struct SyscallShape {
  std::string source;              ///< "imap", "jmap"
  std::vector<std::string> sinks;  ///< "maildir", "eml", "mbox"
  bool later = false;  ///< not the first run: mail has come, gone, moved and changed since

  std::string name() const;

  friend void PrintTo(const SyscallShape& shape, std::ostream* out) { *out << shape.name(); }
};

/// The real program in a folder that can be put back to what it was before the run.
///
/// Life cycle  reset(), run() any number of times, and so on.
class SyscallPipeline {
 public:
  explicit SyscallPipeline(SyscallShape shape);

  const SyscallShape& shape() const noexcept { return shape_; }

  std::filesystem::path work() const { return dir_ / "work"; }

  std::filesystem::path state() const { return work() / "state"; }

  /// Another server with the same mail: one keeps a thread for each connection that it ever had.
  void renew();

  void reset();

  TracedEnd run(const std::optional<Fault>& fault = std::nullopt,
                const std::function<void()>& fired = {}) const;

  /// Undisturbed; counts its calls.
  TracedEnd run_and_count() const;

  /// Every file and folder beneath work(), by path, with what must not differ from the undisturbed run's.
  std::map<std::string, std::string> tree() const;

  /// Message files that a reader sees, by path, with the digests of their octets.
  std::map<std::string, std::string> visible() const;

  /// By path.
  std::map<std::string, std::string> boxes() const;

 private:
  void write_file() const;
  std::vector<std::string> words() const;
  std::vector<std::string> environment() const;

  SyscallShape shape_;
  std::unique_ptr<SyscallAccount> account_;
  TempDir dir_{TempDir::fast_parent()};
};

std::string octets_of(const std::filesystem::path& file);
std::string digest_of(const std::string& octets);

}  // namespace mailpipe::test
