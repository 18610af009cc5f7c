#pragma once

#include <mailpipe/testing/sink_fixture.hpp>

#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// Syncs, and file operations that fail: part of the suite in sink_contract.hpp.
namespace mailpipe::test {

TEST_P(SinkContract, SyncsTheNamesOfTheFoldersThatItMakes) {
  root = dir / "a/b/c";
  CountingFs counting(files);
  TestHost counted(counting);
  make(counted)->open(false);
  EXPECT_EQ(counting.count(FsCall::Fsync), 4U) << "and of what was there: who knows since when";
}

TEST_P(SinkContract, SyncsTheDataOfEveryMessage) {
  for (const std::uint64_t count : {1U, 63U, 64U, 65U, 150U}) {
    fs::remove_all(root);
    CountingFs counting(files);
    TestHost counted(counting);
    const auto sink = make(counted);
    sink->open(false);
    commit(*sink, {message("M", "which makes the folders")});
    counting.reset();
    for (std::uint64_t i = 0; i < count; ++i) {
      const Message each = message("M" + std::to_string(i), "one");
      sink->store(each.item, each.body());
    }
    sink->sync(SyncPhase::Data);
    EXPECT_TRUE(counting.count(FsCall::Syncfs) == 1 || counting.count(FsCall::Fdatasync) == count)
        << count << " messages";
  }
}

TEST_P(SinkContract, SyncsOncePerLargeBatchAndNotWithoutCause) {
  CountingFs counting(files);
  TestHost counted(counting);
  const auto sink = make(counted);
  sink->open(false);
  std::vector<Message> messages;
  for (int i = 0; i < 200; ++i) {
    messages.push_back(message("M" + std::to_string(i), "many"));
  }
  commit(*sink, {message("M", "which makes the folders")});
  counting.reset();
  commit(*sink, messages);
  EXPECT_LE(counting.syncs(), 201U) << "one a message and one for the names at most";
  EXPECT_EQ(counting.count(FsCall::Fsync), 1U);
  counting.reset();
  sink->sync(SyncPhase::Data);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(counting.total(), 0U);
}

/// Every file operation of a run fails once, in turn, with each of these.
TEST_P(SinkContract, AFailureAnywhereHasItsClassAndLeavesNothingHalfVisible) {
  const std::map<int, ErrorClass> classes = {{EIO, ErrorClass::Permanent},
                                             {ENOSPC, ErrorClass::NoSpace},
                                             {EDQUOT, ErrorClass::NoSpace},
                                             {EMFILE, ErrorClass::Transient}};
  const std::vector<Message> messages = {message("M1", "one"), message("M2", "two")};
  for (const auto& [number, expected] : classes) {
    for (std::uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 1000U);
      fs::remove_all(root);
      FaultyFs faulty(files);
      faulty.shorten(7);
      TestHost faulted(faulty);
      const auto sink = make(faulted);
      faulty.fail({.nth = nth, .error = number});
      const ErrorClass failed = error_of([&] {
        sink->open(false);
        commit(*sink, messages);
      });
      if (!faulty.hit()) {
        EXPECT_EQ(failed, ErrorClass{0});
        EXPECT_EQ(visible().size(), 2U);
        break;
      }
      // A sync that fails is final whatever the number says; a close of what was only read does no
      // harm.
      EXPECT_TRUE(failed == expected || failed == ErrorClass::Permanent || failed == ErrorClass{0})
          << number << " at call " << nth << ": class " << static_cast<int>(failed);
      if (failed == ErrorClass{0}) {
        EXPECT_EQ(visible().size(), 2U) << number << " at call " << nth;
      }
      for (const auto& [name, octets] : visible()) {
        EXPECT_TRUE(octets == messages[0].octets || octets == messages[1].octets)
            << number << " at call " << nth << ": " << name;
      }
      // The next run ends as if nothing had been.
      faulty.heal();
      const auto next = opened();
      next->sweep();
      commit(*next, messages);
      EXPECT_EQ(visible().size(), 2U) << number << " at call " << nth;
      EXPECT_EQ(staged_files(), 0U) << number << " at call " << nth;
    }
  }
}

TEST_P(SinkContract, AFullDiskIsNoSpaceAndTheStagingIsRemoved) {
  FaultyFs faulty(files);
  TestHost faulted(faulty);
  const auto sink = make(faulted);
  sink->open(false);
  faulty.fail({.kind = FsCall::Write, .nth = 1, .error = ENOSPC, .lasts = true});
  const Message one = message("M1", "one");
  EXPECT_EQ(error_of([&] { sink->store(one.item, one.body()); }), ErrorClass::NoSpace);
  EXPECT_EQ(staged_files(), 0U);
  EXPECT_TRUE(visible().empty());
}

TEST_P(SinkContract, AFailedDataSyncIsFinal) {
  for (const int count : {1, 100}) {
    fs::remove_all(root);
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    sink->open(false);
    std::vector<Staged> staged;
    for (int i = 0; i < count; ++i) {
      const Message each = message("M" + std::to_string(i), "one");
      staged.push_back(sink->store(each.item, each.body()));
    }
    faulty.fail({.kind = count > 1 ? FsCall::Syncfs : FsCall::Fdatasync, .nth = 1, .error = EIO});
    const ErrorClass first = error_of([&] { sink->sync(SyncPhase::Data); });
    if (!faulty.hit()) {  // a file system on which there is no syncfs
      EXPECT_EQ(first, ErrorClass{0});
      continue;
    }
    EXPECT_EQ(first, ErrorClass::Permanent);
    EXPECT_EQ(error_of([&] { sink->sync(SyncPhase::Data); }), ErrorClass::Permanent);
    for (const Staged& each : staged) {
      sink->discard(each);
    }
    EXPECT_EQ(staged_files(), 0U);
    EXPECT_TRUE(visible().empty());
  }
}

TEST_P(SinkContract, AFailedSyncOfTheNamesIsFinal) {
  FaultyFs faulty(files);
  TestHost faulted(faulty);
  const auto sink = make(faulted);
  sink->open(false);
  faulty.fail({.kind = FsCall::Fsync, .nth = 1, .error = EIO});
  EXPECT_EQ(error_of([&] { commit(*sink, {message("M1", "one")}); }), ErrorClass::Permanent);
  EXPECT_EQ(error_of([&] { sink->sync(SyncPhase::Names); }), ErrorClass::Permanent);
}

}  // namespace mailpipe::test
