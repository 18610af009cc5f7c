#pragma once

#include "run/cancellation.hpp"
#include "run/components.hpp"
#include "run/runner.hpp"
#include "spool/spool.hpp"
#include "state/ledger.hpp"
#include "state/verify_book.hpp"

#include <mailpipe/fs.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::run {

/// What a verification saw of one sink.
struct SinkVerified {
  std::string id, root;
  std::uint64_t copies = 0, bytes = 0;
  std::uint64_t others =
      0;  ///< messages that no receipt names, in a sink that shares its files with other programs
  std::uint64_t lacking =
      0;                ///< stored messages that this sink does not have yet; the next run goes on
  bool checked = true;  ///< false: this kind of sink cannot be read
  bool repairable = true;  ///< false: it is only reported on
};

/// Compares what lies in the sinks with the receipts, octet for octet, and what the server lists with the rows.
///
/// Every file is read once: what scan() tells of a file suffices where it is what the receipt says; all else is asked of
/// read(). Memory does not grow with the mailbox (state/verify_book.hpp).
/// Life cycle  Construct with the lock held and the ledger open; open(), check(), then compare(), put_right(), make_good().
/// Threads     One.
/// Errors      Throws Error for what a verification as a whole cannot do without; what is wrong with a copy is a finding.
class Verification {
 public:
  struct Parts {
    const Setup& setup;
    const Components& components;
    state::Ledger& ledger;
    state::VerifyBook& book;
    Fs& fs;
    const Cancellation& cancellation;
    /// From time to time: which sink, copies so far, of how many.
    std::function<void(const std::string& sink, std::uint64_t done, std::uint64_t of)> progress;
  };

  explicit Verification(Parts parts) : in_(std::move(parts)) {}

  /// Opens the sinks, for reading only unless they are to be repaired.
  void open(bool repair);

  /// Looks at every copy on these sinks, or on all. Throws Config when there is none of that name.
  std::vector<SinkVerified> check(const std::vector<std::string>& sinks);

  /// Lists the whole source; what either side lacks is a finding.
  void compare();

  /// Moves damaged files to the trash beside the root and forgets their receipts, so that a run fetches them again. What
  /// the server has no longer is taken from another copy. True: a run is to follow.
  bool put_right();

  /// After that run: what it did not bring is taken from another copy, or lost. True: duplicates of what is lost are now
  /// offered in its place, which takes one more run.
  bool make_good();

 private:
  void open(const SinkPart& part, bool repair);
  void check_marker(const SinkPart& part);
  SinkVerified check_sink(const SinkPart& part);
  void scan(const SinkPart& part);
  void claim_intents(const SinkPart& part);
  void check_copy(const SinkPart& part, const state::VerifiedCopy& copy);
  bool read_copy(const SinkPart& part, const state::VerifiedCopy& copy, state::Finding& finding);
  void settle(const SinkPart& part);
  std::uint64_t stored_size(const state::Finding& finding) const;
  void report_unclaimed(const SinkPart& part, SinkVerified& out);
  void stop_if_told() const;
  const SinkPart* part_of(const std::string& sink) const;

  // ---- comparison.cpp
  void compare(state::RowState state);
  bool is_listed_otherwise(const state::Row& row);

  // ---- repair.cpp
  bool put_right(state::Finding& finding);
  bool move_aside(const SinkPart& part, state::Finding& finding);
  bool restore(const state::Finding& finding);
  bool copy_to(const SinkPart& part, const state::Finding& finding, const state::Row& row,
               const std::shared_ptr<const spool::SpooledBody>& body);
  bool make_good(state::Finding& finding);
  bool lose(state::Finding& finding);

  Parts in_;
};

}  // namespace mailpipe::run
