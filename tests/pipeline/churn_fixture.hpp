#pragma once

#include "pipeline/across_fixture.hpp"
#include "pipeline/churn_actor.hpp"

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// A server and what the sink is.
struct ChurnShape {
  const char* name;
  Source source;
  const char* sink;
  const char* on_remove;  ///< "keep": an archive

  bool mirrors() const { return on_remove != std::string("keep"); }
};

/// For the names of tests.
void PrintTo(const ChurnShape& shape, std::ostream* out);

/// An account that is used all the time, and runs of the real program beside it, most of which are killed; what lies in the
/// sink is looked at after each of them. MAILPIPE_SEED gives the same deeds once more (not the same moments),
/// MAILPIPE_CHURN_SECONDS how long.
class ChurnRun : public AcrossRun {
 protected:
  void churn(const ChurnShape& shape, std::chrono::seconds usual);
  void TearDown() override;

 private:
  using Instant = ChurnJournal::Instant;

  /// One run, perhaps killed, and what it left.
  struct Run {
    Instant began, ended;
    Finished result;
    bool well = false;
    std::string told;  ///< when, and how it ended: for messages
  };

  void set_up(std::uint32_t seed);
  void fill(std::size_t steps);
  Run one_run(std::mt19937& random);
  bool only_lost_mailboxes() const;

  bool is_cyrus_imap() const { return shape_.source == Source::ImapCyrus; }

  void look_after(const Run& run);
  void expect_only_what_was_there(const Contents& sink, const Run& run);
  void expect_what_stayed(const Contents& sink, const Run& run);
  void expect_none_lost(const Contents& sink, const Run& run);
  void expect_each_gone_by_id();
  void expect_quiet();
  void keep_for_later() const;
  void expect_equal();
  void expect_archived();
  std::multimap<std::string, std::int64_t> states_in_ledger() const;
  Contents on_server();

  std::filesystem::path report_file() const { return dir_ / "report.json"; }

  ChurnShape shape_{};
  ChurnJournal journal_;
  std::unique_ptr<ChurnActor> actor_;
  std::chrono::milliseconds usual_{200};  ///< how long a whole run takes
  std::set<std::string> held_;            ///< what lay in the sink at the last look
  Instant looked_{};
  std::set<std::string> gone_;  ///< keys, of all reports
  std::vector<std::string> log_;
  std::size_t whole_ = 0, killed_ = 0;
};

}  // namespace mailpipe::test
