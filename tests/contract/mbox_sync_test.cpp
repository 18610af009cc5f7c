// What recovery does to a box is durable before the plan of it is forgotten.
#include "contract/mbox_fixture.hpp"

#include <cerrno>

namespace mailpipe::test {
namespace {

struct MboxSync : MboxTest {
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
  MboxLedger ledger;

  /// A run that dies while it appends two: `part` octets of it are there, and then somebody's.
  void die_after(std::uint64_t part, const std::string& theirs) {
    fs::remove_all(root);
    ledger = {};
    commit(*opened(), {one}, ledger);
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    sink->open(false);
    faulty.fail({.kind = FsCall::Pwrite, .nth = 2, .error = EIO, .lasts = true});
    ASSERT_NE(error_of([&] { commit(*sink, {two}, ledger); }), ErrorClass{0});
    ASSERT_EQ(text("INBOX"), entry_of(one));
    append("INBOX", entry_of(two).substr(0, part) + theirs);
  }

  /// How many syncs there are, each of which ends the recovery when it fails.
  std::uint64_t syncs(std::uint64_t part, const std::string& theirs) {
    for (std::uint64_t nth = 1;; ++nth) {
      die_after(part, theirs);
      FaultyFs faulty(files);
      TestHost faulted(faulty);
      const auto sink = make(faulted);
      sink->open(false);
      faulty.fail({.kind = FsCall::Fdatasync, .nth = nth, .error = EIO});
      const ErrorClass ended = error_of([&] { sink->sweep(); });
      EXPECT_EQ(ended, faulty.hit() ? ErrorClass::Permanent : ErrorClass{0});
      EXPECT_EQ(error_of([&] { run(*make(host), {one, two}, ledger); }), ErrorClass{0});
      EXPECT_EQ(text("INBOX"), entry_of(one) + theirs + entry_of(two));
      if (!faulty.hit() || HasFailure()) {
        return nth - 1;
      }
    }
  }
};

TEST_F(MboxSync, ACutIsDurableBeforeItsPlanGoes) {
  EXPECT_EQ(syncs(10, ""), 2U) << "the box, the record";
}

TEST_F(MboxSync, WhatMovesUpIsDurableInItsFileAndThenInTheBox) {
  EXPECT_EQ(syncs(60, kTheirs), 4U) << "the file aside, the record, the box, the record";
}

TEST_F(MboxSync, OurOwnFolderHasItsNameBeforeTheMarkerLiesInIt) {
  FaultyFs faulty(files);
  TestHost faulted(faulty);
  const auto sink = make(faulted, "single");
  sink->open(false);
  faulty.fail({.kind = FsCall::Fsync, .nth = 2, .error = EIO});
  EXPECT_EQ(error_of([&] { sink->mark("x"); }), ErrorClass::Permanent) << "the record, the name";
  EXPECT_EQ(opened("single")->root().marker, "");
}

// A sync that failed takes the octets with it, though they can still be read.
TEST_F(MboxSync, AnAppendThatIsThereAndNotInTheRecordIsWrittenOnceMore) {
  die_after(entry_of(two).size(), "");
  CountingFs counting(files);
  TestHost counted(counting);
  const auto sink = make(counted);
  sink->open(false);
  sink->sweep();
  EXPECT_EQ(counting.count(FsCall::Pwrite), 1U);
  EXPECT_EQ(text("INBOX"), entry_of(one) + entry_of(two));
}

TEST_F(MboxSync, WhatIsStagedIsThereAsLongAsItIsPlanned) {
  for (std::uint64_t nth = 1;; ++nth) {
    fs::remove_all(root);
    ledger = {};
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    sink->open(false);
    faulty.fail({.nth = nth, .error = EIO, .lasts = true});
    error_of([&] { commit(*sink, {one}, ledger); });
    TestHost next(files);
    EXPECT_EQ(error_of([&] { run(*make(next), {one}, ledger); }), ErrorClass{0});
    EXPECT_EQ(text("INBOX"), entry_of(one));
    for (const TestHost::Line& line : next.lines()) {
      EXPECT_LT(line.level, LogLevel::Warn) << line.message << ", killed at call " << nth;
    }
    if (!faulty.hit() || HasFailure()) {
      break;
    }
  }
}

TEST_F(MboxSync, ACutAfterAFailedAppendIsDurable) {
  die_after(10, "");
  FaultyFs full(files);
  Fs& below = full;
  FaultyFs faulty(below);
  TestHost faulted(faulty);
  const auto sink = make(faulted);
  sink->open(false);
  full.fail({.kind = FsCall::Pwrite, .nth = 1, .error = ENOSPC});
  faulty.fail({.kind = FsCall::Fdatasync, .nth = 2, .error = EIO});
  std::string why;
  EXPECT_NE(error_of([&] { sink->recover(ledger.intents.at(0)); }, &why), ErrorClass{0});
  EXPECT_NE(why.find("INBOX"), std::string::npos) << why;
}

}  // namespace
}  // namespace mailpipe::test
