#include "pipeline/churn_fixture.hpp"

#include "support/cyrus_server.hpp"
#include "support/dovecot_server.hpp"

#include <mailpipe/c_ptr.hpp>

#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <regex>
#include <thread>

namespace mailpipe::test {

using mailpipe::testing::CyrusServer;
using mailpipe::testing::DovecotServer;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kStored = 2;  ///< as state::RowState
constexpr std::int64_t kGone = 7;

std::uint32_t seed_of_this_run() {
  const char* given = std::getenv("MAILPIPE_SEED");
  return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device()();
}

std::chrono::seconds seconds_of_this_run(std::chrono::seconds usual) {
  const char* given = std::getenv("MAILPIPE_CHURN_SECONDS");
  return given != nullptr ? std::chrono::seconds(std::stol(given)) : usual;
}

std::set<std::string> digests_of(const Contents& contents) {
  std::set<std::string> out;
  for (const auto& [mailbox, digests] : contents) {
    out.insert(digests.begin(), digests.end());
  }
  return out;
}

/// JMAP's name for it.
Contents with_one_inbox(Contents contents) {
  if (auto inbox = contents.extract("Inbox")) {
    inbox.key() = "INBOX";
    contents.insert(std::move(inbox));
  }
  return contents;
}

/// What the journal calls a message: its key without what stands for account or mailbox, and without the number of the mailbox
/// among those that had its UIDVALIDITY.
std::string id_in(const std::string& key) {
  static const std::regex kEpoch("\\.[0-9]+:");
  const std::string id = key.substr(key.find(':', key.find(':') + 1) + 1);
  return key.starts_with("imap:") ? std::regex_replace(id, kEpoch, ":") : id;
}

}  // namespace

void PrintTo(const ChurnShape& shape, std::ostream* out) {
  *out << shape.name;
}

void ChurnRun::set_up(std::uint32_t seed) {
  use(shape_.source);
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  const auto as_kept = sink_kind(shape_.sink).as_kept;
  const auto digest = [as_kept](const std::string& octets) { return sha256_of(as_kept(octets)); };
  actor_ = shape_.source == Source::JmapCyrus
               ? make_jmap_actor(*CyrusServer::shared(), user_, journal_, seed, digest)
               : make_imap_actor(shape_.source == Source::ImapCyrus
                                     ? CyrusServer::shared()->imap_port()
                                     : DovecotServer::shared()->imap_port(),
                                 user_, journal_, seed, digest);
  write(std::string("sinks:\n  - type: ") + shape_.sink + "\n    on_remove: " + shape_.on_remove +
        "\n    with: { path: ./mail }\n"
        // A deleted mailbox may be a large part of so small an account.
        "run: { guard: { max_remove_count: 100000 } }\n");
}

void ChurnRun::fill(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    actor_->step();
  }
}

ChurnRun::Run ChurnRun::one_run(std::mt19937& random) {
  std::filesystem::remove(report_file());
  Run run{ChurnJournal::Clock::now(), {}, {}, false, {}};
  Process process({MAILPIPE_PROGRAM, "run", "--report", report_file().string(), file()},
                  environment());
  const bool kills = random() % 5 < 3;
  if (kills) {
    std::this_thread::sleep_for(milliseconds(
        random() % static_cast<std::uint64_t>(std::max<std::int64_t>(usual_.count(), 20))));
    process.signal(random() % 8 == 0 ? SIGTERM : SIGKILL);
  }
  run.result = process.wait();
  run.ended = ChurnJournal::Clock::now();
  run.well = run.result.exit_code == 0;
  run.told = "run " + std::to_string(log_.size() + 1) + " from " + journal_.moment(run.began) +
             " to " + journal_.moment(run.ended) + " ms, exit " +
             std::to_string(run.result.exit_code);
  log_.push_back(run.told);
  const int ended_by = run.result.exit_code - 128;
  killed_ += ended_by == SIGKILL || ended_by == SIGTERM ? 1 : 0;
  EXPECT_TRUE(run.well || (kills && (ended_by == SIGKILL || ended_by == SIGTERM)) ||
              (run.result.exit_code == 3 && only_lost_mailboxes()))
      << run.told << "\n"
      << run.result.out << run.result.err;
  return run;
}

/// Quarantined is only what was in a mailbox that was deleted, renamed or made anew before it was fetched; the next run
/// settles it.
bool ChurnRun::only_lost_mailboxes() const {
  const nlohmann::json items = report().at("items");
  return std::all_of(items.begin(), items.end(), [](const nlohmann::json& item) {
    const auto reason = item.at("reason").get<std::string>();
    return item.at("state") == "gone" || contains(reason, "it cannot be asked for") ||
           contains(reason, "UIDVALIDITY has changed") || contains(reason, "is in no mailbox") ||
           contains(reason, "another mailbox has taken the place");
  });
}

void ChurnRun::look_after(const Run& run) {
  if (run.well) {
    ++whole_;
    usual_ = std::chrono::duration_cast<milliseconds>(run.ended - run.began);
    const nlohmann::json told = report();
    EXPECT_TRUE(told.at("adds_up").get<bool>()) << told.dump(2);
    for (const auto& item : told.at("items")) {
      gone_.insert(item.at("key").get<std::string>());
    }
  } else if (!std::filesystem::exists(mail()) || shape_.sink == std::string("mbox")) {
    return;  // an mbox may end in the middle of a message
  }
  const Contents sink = with_one_inbox(sink_kind(shape_.sink).read(mail()));
  expect_only_what_was_there(sink, run);
  expect_none_lost(sink, run);
  if (run.well) {
    expect_what_stayed(sink, run);
  }
  held_ = digests_of(sink);
  looked_ = ChurnJournal::Clock::now();
}

/// Whole messages, and no more often than they were there: at one time in a mirror, or ever in an archive of mailboxes that
/// are listed one by one, where a message that leaves and comes back is another one.
void ChurnRun::expect_only_what_was_there(const Contents& sink, const Run& run) {
  const bool folders = sink_kind(shape_.sink).folders;
  for (const auto& [mailbox, digests] : sink) {
    for (const std::string& digest : std::set<std::string>(digests.begin(), digests.end())) {
      if (folders && !journal_.was_in(mailbox, digest)) {
        ADD_FAILURE() << "in '" << mailbox
                      << "' of the sink, where it never was: " << journal_.history_of(digest)
                      << "\n"
                      << run.told;
      }
      const std::size_t at_once = journal_.most_at_once(mailbox, digest);
      const std::size_t ever = std::max(at_once, journal_.ever_in(mailbox, digest));
      const bool one_by_one = !shape_.mirrors() && shape_.source != Source::JmapCyrus;
      const std::size_t most = !folders     ? journal_.times_delivered(digest)
                               : one_by_one ? ever
                                            : at_once;
      if (digests.count(digest) > most && (!shape_.mirrors() || run.well)) {
        ADD_FAILURE() << digests.count(digest) << " times in '" << mailbox
                      << "' of the sink, at most " << most
                      << " on the server: " << journal_.history_of(digest) << "\n"
                      << run.told;
      }
    }
  }
}

void ChurnRun::expect_what_stayed(const Contents& sink, const Run& run) {
  if (!sink_kind(shape_.sink).folders) {
    const std::set<std::string> here = digests_of(sink);
    for (const std::string& digest : digests_of(journal_.staying(run.began, run.ended))) {
      if (!here.contains(digest)) {
        ADD_FAILURE() << "missing: " << journal_.history_of(digest) << "\n" << run.told;
      }
    }
    return;
  }
  for (const auto& [mailbox, digests] : journal_.staying(run.began, run.ended)) {
    const auto there = sink.find(mailbox);
    for (const std::string& digest : std::set<std::string>(digests.begin(), digests.end())) {
      const std::size_t copies = there == sink.end() ? 0 : there->second.count(digest);
      if (copies < digests.count(digest)) {
        ADD_FAILURE() << copies << " instead of " << digests.count(digest) << " in '" << mailbox
                      << "': " << journal_.history_of(digest) << "\n"
                      << run.told;
      }
    }
  }
}

/// What lay here at the last look and was on the server since then: at rest during the run where mailboxes are listed one
/// after the other, since what moves from one that is still to be listed to one that was listed is in neither.
void ChurnRun::expect_none_lost(const Contents& sink, const Run& run) {
  const std::set<std::string> here = digests_of(sink);
  std::set<std::string> still = held_;
  if (shape_.mirrors()) {
    still = shape_.source == Source::JmapCyrus ? journal_.present(looked_, run.ended)
                                               : digests_of(journal_.staying(run.began, run.ended));
  }
  for (const std::string& digest : held_) {
    if (still.contains(digest) && !here.contains(digest)) {
      ADD_FAILURE() << "was here and is not: " << journal_.history_of(digest) << "\n" << run.told;
    }
  }
}

Contents ChurnRun::on_server() {
  Contents out = contents_of_account(*account_);
  return sink_kind(shape_.sink).folders ? out : in_one(out);
}

void ChurnRun::expect_equal() {
  EXPECT_EQ(difference(on_server(), with_one_inbox(contents_of_tree(read_maildirs(mail())))), "");
}

/// Everything that was listed is stored (verify looks whether it is) or, by its id, gone.
void ChurnRun::expect_archived() {
  const std::set<std::string> sink = digests_of(sink_kind(shape_.sink).read(mail()));
  const auto rows = states_in_ledger();
  for (const auto& [id, state] : rows) {
    EXPECT_TRUE(state == kStored || state == kGone) << id << " is in state " << state;
  }
  std::size_t never = 0;
  std::size_t listed = 0;
  for (const std::string& digest : journal_.digests()) {
    if (sink.contains(digest)) {
      continue;
    }
    ++never;
    for (const std::string& id : journal_.ids_of(digest)) {
      const auto [first, last] = rows.equal_range(id);
      listed += std::any_of(first, last, [](const auto& row) { return row.second == kGone; });
      // Cyrus may give two mailboxes one UIDVALIDITY; then the id does not say which of them is meant.
      EXPECT_TRUE(is_cyrus_imap() || first == last || first->second == kGone)
          << id << ": " << journal_.history_of(digest);
    }
  }
  std::cout << "in the archive: " << sink.size() << " messages; never in it: " << never << ", "
            << listed << " of them listed and gone\n";
}

/// By what the journal calls a message.
std::multimap<std::string, std::int64_t> ChurnRun::states_in_ledger() const {
  std::multimap<std::string, std::int64_t> out;
  sqlite3* raw = nullptr;
  const std::string path = (dir_ / "state/mailpipe/mail/ledger.db").string();
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const CPtr<sqlite3, sqlite3_close> database(raw);
  sqlite3_stmt* prepared = nullptr;
  sqlite3_prepare_v2(raw, "SELECT key, state FROM rows", -1, &prepared, nullptr);
  const CPtr<sqlite3_stmt, sqlite3_finalize> rows(prepared);
  while (sqlite3_step(rows.get()) == SQLITE_ROW) {
    const std::string key(static_cast<const char*>(sqlite3_column_blob(rows.get(), 0)),
                          static_cast<std::size_t>(sqlite3_column_bytes(rows.get(), 0)));
    out.emplace(id_in(key), sqlite3_column_int64(rows.get(), 1));
  }
  EXPECT_FALSE(out.empty());
  return out;
}

/// What a report names as gone is not where it was, and the program says so to who asks.
void ChurnRun::expect_each_gone_by_id() {
  const std::set<std::string> ended = journal_.ended_ids();
  for (const std::string& key : gone_) {
    EXPECT_TRUE(ended.contains(id_in(key))) << key << " is called gone";
  }
}

void ChurnRun::expect_quiet() {
  run_well();
  EXPECT_EQ(downloads(), 0U);
  EXPECT_EQ(count("stored"), 0U);
  const Finished verified = mailpipe({"verify", "--server", file()}, environment());
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_TRUE(contains(verified.out, "0 not stored yet, 0 stored and no longer there"))
      << verified.out;
}

/// MAILPIPE_KEEP=FOLDER: where ledger, sink and what the IMAP server heard and said are put when the test has failed.
void ChurnRun::keep_for_later() const {
  const char* folder = std::getenv("MAILPIPE_KEEP");
  if (folder == nullptr || !HasFailure()) {
    return;
  }
  const auto options =
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing;
  const std::filesystem::path there = std::filesystem::path(folder) / shape_.name;
  std::filesystem::create_directories(there);
  std::filesystem::copy(dir_.path(), there / "run", options);
  const bool cyrus = shape_.source != Source::ImapDovecot;
  std::filesystem::copy(cyrus ? CyrusServer::shared()->folder() + "/conf/log/" + user_
                              : DovecotServer::shared()->folder() + "/rawlog/" + user_,
                        there / "server", options);
}

void ChurnRun::churn(const ChurnShape& shape, std::chrono::seconds usual) {
  shape_ = shape;
  const std::uint32_t seed = seed_of_this_run();
  const std::string told = "MAILPIPE_SEED=" + std::to_string(seed);
  std::cout << told << "\n";
  SCOPED_TRACE(told);
  set_up(seed);
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  fill(60);
  std::mt19937 random(seed + 1);
  looked_ = ChurnJournal::Clock::now();
  const Instant deadline = looked_ + seconds_of_this_run(usual);
  std::string failure;
  {
    std::jthread beside([&](const std::stop_token& stop) {
      try {
        actor_->run(stop);
      } catch (const std::exception& error) {
        failure = error.what();
      }
    });
    while (ChurnJournal::Clock::now() < deadline && !HasFailure()) {
      look_after(one_run(random));
    }
  }
  ASSERT_EQ(failure, "");
  for (const auto& [name, times] : actor_->done()) {
    std::cout << name << " " << times << ", ";
  }
  std::cout << log_.size() << " runs, " << whole_ << " of them whole, " << killed_ << " killed\n";
  EXPECT_GT(whole_, 0U);
  EXPECT_GT(killed_, 0U);
  EXPECT_EQ(actor_->undone(), std::vector<std::string>());
  Run last{ChurnJournal::Clock::now(), {}, {}, false, "the last run"};
  run_well();
  last.ended = ChurnJournal::Clock::now();
  last.well = true;
  look_after(last);
  if (shape_.mirrors()) {
    expect_equal();
  } else {
    expect_archived();
  }
  expect_each_gone_by_id();
  expect_quiet();
}

void ChurnRun::TearDown() {
  keep_for_later();
  AcrossRun::TearDown();
}

}  // namespace mailpipe::test
