#include "state/ledger.hpp"

#include "spool/sha256.hpp"
#include "state/lock.hpp"
#include "state/pack.hpp"
#include "state/sqlite.hpp"
#include "unit/ledger_row.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

bool syncs_fail = false;

}  // namespace

/// Takes the place of the C library's for SQLite.
extern "C" int fdatasync(int fd) {
  if (syncs_fail) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace mailpipe::state {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

/// A folder of its own for one test.
class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    std::string name = (std::filesystem::temp_directory_path() / "mailpipe-ledger-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }

  ~LedgerTest() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path file() const { return Ledger::file_in(dir_); }

  static Row full_row_of(const std::string& key, RowState state) {
    Row row = row_of(key, state);
    row.item.places = {{.id = "a\0b", .path = {}, .role = {}},
                       {.id = "c,d:", .path = {}, .role = {}}};
    row.item.keywords = {"$seen", "\xff"};
    row.item.attributes = {{"label", "x"}};
    return row;
  }

  std::filesystem::path dir_;
};

TEST_F(LedgerTest, KeepsWhatWasCommittedAndForgetsTheRest) {
  {
    Ledger ledger(file(), "p", Ledger::Open::Create);
    ledger.insert(full_row_of("one", RowState::Stored));
    ledger.commit();
    ledger.insert(full_row_of("two", RowState::Stored));
  }
  Ledger again(file(), "p", Ledger::Open::Existing);
  EXPECT_EQ(again.find("one").item, full_row_of("one", RowState::Stored).item);
  EXPECT_EQ(again.find("two").state, RowState::None);
}

TEST_F(LedgerTest, RefusesAFileOfAnotherPipeline) {
  Ledger(file(), "p", Ledger::Open::Create).commit();
  EXPECT_THROW(Ledger(file(), "q", Ledger::Open::Existing), Error);
}

TEST_F(LedgerTest, SaysHowToGoOnWhenTheFileIsDamaged) {
  std::ofstream(file())
      << "this is no database, but it is long enough to look like one to somebody in a hurry";
  try {
    Ledger(file(), "p", Ledger::Open::Existing);
    FAIL() << "a damaged ledger was opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
    EXPECT_NE(error.hint().find("state rebuild"), std::string::npos);
  }
}

TEST_F(LedgerTest, OffersHeldRowsFromTheirInstantOn) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  Row held = full_row_of("held", RowState::Held);
  held.due = sys_seconds(seconds(100));
  ledger.insert(held);
  EXPECT_TRUE(ledger.to_reoffer(sys_seconds(seconds(99)), 0, 10).empty());
  EXPECT_EQ(ledger.to_reoffer(sys_seconds(seconds(100)), 0, 10).size(), 1U);
}

TEST_F(LedgerTest, OffersARowOnceThoughTwoReasonsFit) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  Row held = full_row_of("held", RowState::Held);
  held.due = sys_seconds(seconds(100));
  ledger.insert(held);
  ledger.insert(full_row_of("filtered", RowState::Filtered));
  ledger.judge_all_again();
  EXPECT_EQ(ledger.to_reoffer(sys_seconds(seconds(200)), 0, 10).size(), 2U);
}

TEST_F(LedgerTest, RedeemedIntentsMakeTheRowStored) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  const RowId row = ledger.insert(full_row_of("k", RowState::InFlight));
  const Digest digest = spool::sha256("body");
  ledger.put_intent(
      {.row = row, .sink = "eml", .location = "f", .token = "t", .size = 4, .digest = digest},
      digest);
  const auto open = ledger.intents("eml");
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].key, "k");
  ledger.redeem(open[0]);
  ledger.settle_in_flight();
  EXPECT_EQ(ledger.find("k").state, RowState::Stored);
  EXPECT_EQ(ledger.find("k").digest, digest);
  EXPECT_TRUE(ledger.intents("eml").empty());
  EXPECT_TRUE(ledger.lacking("eml", 0, 10).empty());
  EXPECT_EQ(ledger.lacking("other", 0, 10).size(), 1U);
}

TEST_F(LedgerTest, ForgottenIntentsLeaveNoRowBehind) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  const RowId row = ledger.insert(full_row_of("k", RowState::InFlight));
  ledger.put_intent({.row = row, .sink = "eml"}, {});
  ledger.forget(ledger.intents("eml").at(0));
  ledger.settle_in_flight();
  EXPECT_EQ(ledger.find("k").state, RowState::None);
}

TEST_F(LedgerTest, TellsWhatACompleteListingDidNotBring) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  Row seen = full_row_of("seen", RowState::Stored);
  seen.seen = 2;
  ledger.insert(seen);
  ledger.insert(full_row_of("unseen", RowState::Stored));
  ledger.insert(full_row_of("long gone", RowState::Gone));
  const auto rows = ledger.unseen(1, 2, 0, 10);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].item.key, "unseen");
}

TEST_F(LedgerTest, ReadsFormat3) {
  { const Ledger ledger(file(), "p", Ledger::Open::Create); }
  Database(file().string())
      .execute(
          "DROP INDEX former_keys_row; ALTER TABLE uncovered DROP COLUMN told_in;"
          "ALTER TABLE uncovered DROP COLUMN went; INSERT INTO "
          "uncovered VALUES(1,1,0);"
          "PRAGMA user_version=3;");
  Ledger ledger(file(), "p", Ledger::Open::Existing);
  Row row = full_row_of("came", RowState::Stored);
  row.seen = 1;
  ASSERT_EQ(ledger.insert(row), 1);
  EXPECT_TRUE(ledger.doubt_uncovered());
  EXPECT_EQ(ledger.doubted(1, 0, 10).size(), 1U);
}

TEST_F(LedgerTest, FindsScannedFilesByAnyIdTheirNameMayStandFor) {
  Ledger ledger(file(), "p", Ledger::Open::InMemory);
  Found file;
  file.location = "20260101_000000_M_1_x.eml";
  file.size = 7;
  file.server_ids = {"M_1", "M"};
  ledger.add_found("eml", file);
  ASSERT_EQ(ledger.find_found("M_1").size(), 1U);
  ASSERT_EQ(ledger.find_found("M").size(), 1U);
  ledger.remove_found(ledger.find_found("M").at(0).id);
  EXPECT_TRUE(ledger.find_found("M_1").empty());
  EXPECT_EQ(ledger.count_found(), 0U);
}

TEST_F(LedgerTest, FindsUnsettledRowsWithoutReadingTheOthers) {
  const Ledger ledger(file(), "p", Ledger::Open::Create);
  Database database(file().string());
  for (const char* state : {"1", "5", "6"}) {
    Statement plan = database.prepare(
        std::string("EXPLAIN QUERY PLAN SELECT count(*) FROM rows WHERE state=") + state);
    ASSERT_TRUE(plan.next());
    EXPECT_NE(plan.copy(3).find("rows_unsettled"), std::string::npos) << plan.copy(3);
  }
}

TEST_F(LedgerTest, LockLetsInOneRunAndNamesIt) {
  const Lock lock(dir_);
  try {
    const Lock second(dir_);
    FAIL() << "two runs at once";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::Transient);
    EXPECT_NE(std::string(error.what()).find("process " + std::to_string(::getpid())),
              std::string::npos);
  }
}

TEST(Pack, GivesBackAnyOctets) {
  const std::vector<std::string> parts = {"", "a,b", std::string("\0\n", 2), "12:34"};
  EXPECT_EQ(unpack(pack(parts)), parts);
}

TEST(Pack, EndsWhereTheTextIsMalformed) {
  EXPECT_EQ(unpack("1:a,99:b,"), std::vector<std::string>{"a"});
  EXPECT_TRUE(unpack("x").empty());
}

/// No file grows beyond its limit meanwhile, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::uint64_t limit) {
    before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }

  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }

  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*before_handler_)(int) = nullptr;
};

// SQLite rolls back by itself: what came after would be committed without what came before, a cursor without its rows.
TEST_F(LedgerTest, TakesNothingMoreAfterAFailure) {
  {
    Ledger ledger(file(), "p", Ledger::Open::Create);
    ledger.set_meta("before", "1");
    ledger.commit();
    {
      const FullDisk full(std::filesystem::file_size(file().string() + "-wal"));
      ledger.set_meta("large", std::string(100'000, 'x'));
      EXPECT_THROW(ledger.commit(), Error);
    }
    EXPECT_TRUE(ledger.failed());
    EXPECT_THROW(ledger.set_meta("after", "1"), Error);
    EXPECT_THROW(ledger.commit(), Error);
  }
  Ledger again(file(), "p", Ledger::Open::Existing);
  EXPECT_TRUE(again.meta("before"));
  EXPECT_FALSE(again.meta("large"));
  EXPECT_FALSE(again.meta("after"));
}

// What a sync was for may be lost though the next one succeeds: the kernel tells of an error once.
TEST_F(LedgerTest, TakesNothingMoreAfterAFailedSync) {
  {
    Ledger ledger(file(), "p", Ledger::Open::Create);
    ledger.set_meta("before", "1");
    ledger.commit();
    ledger.set_meta("then", "1");
    syncs_fail = true;
    EXPECT_THROW(ledger.commit(), Error);
    syncs_fail = false;
    EXPECT_TRUE(ledger.failed());
    EXPECT_THROW(ledger.set_meta("after", "1"), Error);
    EXPECT_THROW(ledger.commit(), Error);
  }
  Ledger again(file(), "p", Ledger::Open::Existing);
  EXPECT_TRUE(again.meta("before"));
  EXPECT_FALSE(again.meta("after"));
}

}  // namespace
}  // namespace mailpipe::state
