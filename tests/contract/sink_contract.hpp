#pragma once

#include "support/counting_fs.hpp"
#include "support/faulty_fs.hpp"
#include "support/message.hpp"
#include "support/temp_dir.hpp"
#include "support/test_host.hpp"
#include "support/unsynced_fs.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/sink.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

namespace fs = std::filesystem;

/// What a sink whose root is a folder, with one file a message and the octets as they came, brings
/// to the suite.
struct SinkCase {
  std::string name;
  std::function<std::unique_ptr<Sink>(Host&, const fs::path& root)> make;
  std::string staging;  ///< where it stages, relative to the root
};

inline void PrintTo(const SinkCase& value, std::ostream* out) {
  *out << value.name;
}

inline std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What the engine relies on from every sink.
class SinkContract : public testing::TestWithParam<SinkCase> {
 protected:
  std::unique_ptr<Sink> make(Host& with) { return GetParam().make(with, root); }

  std::unique_ptr<Sink> opened() {
    auto sink = make(host);
    sink->open(false);
    return sink;
  }

  /// The way of a batch through a sink, as the engine goes it.
  static std::vector<Staged> commit(Sink& sink, const std::vector<Message>& messages) {
    std::vector<Staged> staged;
    for (const Message& each : messages) {
      staged.push_back(sink.store(each.item, each.body()));
    }
    sink.sync(SyncPhase::Data);
    for (const Staged& each : staged) {
      sink.publish(each);
    }
    sink.sync(SyncPhase::Names);
    return staged;
  }

  static std::string location(const Staged& staged) { return staged.placed.at(0).location; }

  /// Everything that a reader of the folder sees, with its octets.
  std::map<std::string, std::string> visible() const {
    std::map<std::string, std::string> out;
    if (fs::exists(root)) {
      for (const auto& entry : fs::directory_iterator(root)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(".mailpipe-")) {
          out[name] = entry.is_regular_file() ? slurp(entry.path()) : "";
        }
      }
    }
    return out;
  }

  std::size_t staged_files() const {
    const fs::path folder = root / GetParam().staging;
    return fs::exists(folder) ? static_cast<std::size_t>(std::distance(
                                    fs::directory_iterator(folder), fs::directory_iterator()))
                              : 0;
  }

  void plant(const std::string& name, const std::string& text) const {
    std::ofstream(root / name, std::ios::binary) << text;
  }

  static std::string bytes_of(Sink& sink, const Receipt& receipt) {
    std::string out;
    sink.read(receipt, [&](std::string_view octets) { out += octets; });
    return out;
  }

  static std::vector<Found> found_in(Sink& sink) {
    std::vector<Found> out;
    sink.scan([&](const Found& each) { out.push_back(each); });
    return out;
  }

  static ErrorClass error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.error_class();
    }
    return ErrorClass{0};
  }

  TempDir dir;
  PosixFs posix;
  UnsyncedFs files{posix};
  fs::path root = dir / "root";
  TestHost host{files};
};

TEST_P(SinkContract, MakesAMissingRootWithItsParents) {
  root = dir / "a/b/c";
  opened();

  struct stat info {};

  for (const fs::path& made : {dir / "a", dir / "a/b", root}) {
    ASSERT_EQ(::stat(made.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U) << made;
  }
}

TEST_P(SinkContract, SyncsTheNamesOfTheFoldersThatItMakes) {
  root = dir / "a/b/c";
  CountingFs counting(files);
  TestHost counted(counting);
  make(counted)->open(false);
  EXPECT_EQ(counting.count(FsCall::Fsync), 3U);
}

TEST_P(SinkContract, SyncsTheDataOfEveryMessage) {
  for (const std::uint64_t count : {1U, 63U, 64U, 65U, 150U}) {
    fs::remove_all(root);
    CountingFs counting(files);
    TestHost counted(counting);
    const auto sink = make(counted);
    sink->open(false);
    for (std::uint64_t i = 0; i < count; ++i) {
      const Message each = message("M" + std::to_string(i), "one");
      sink->store(each.item, each.body());
    }
    sink->sync(SyncPhase::Data);
    EXPECT_TRUE(counting.count(FsCall::Syncfs) == 1 || counting.count(FsCall::Fdatasync) == count)
        << count << " messages";
  }
}

TEST_P(SinkContract, ShowsNothingBeforePublish) {
  const auto sink = opened();
  sink->store(message("M1", "one").item, message("M1", "one").body());
  sink->sync(SyncPhase::Data);
  EXPECT_TRUE(visible().empty());
}

TEST_P(SinkContract, PublishesTheOctetsWhereStoreSaid) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const auto staged = commit(*sink, {one});
  EXPECT_EQ(visible(), (std::map<std::string, std::string>{{location(staged[0]), one.octets}}));
  EXPECT_EQ(staged_files(), 0U);
}

TEST_P(SinkContract, TakesAnEmptyMessageAndOneOfAnyOctets) {
  const auto sink = opened();
  Message empty = message("M1", "");
  empty.octets.clear();
  Message any = message("M2", "");
  for (int i = 0; i < 100'000; ++i) {
    any.octets += static_cast<char>(i * 7);
  }
  const auto staged = commit(*sink, {empty, any});
  EXPECT_EQ(visible().at(location(staged[0])), "");
  EXPECT_EQ(visible().at(location(staged[1])), any.octets);
}

TEST_P(SinkContract, FilesAreTheOwnersAlone) {
  const auto sink = opened();
  const mode_t before = ::umask(0);
  const auto staged = commit(*sink, {message("M1", "one")});
  ::umask(before);

  struct stat info {};

  ASSERT_EQ(::stat((root / location(staged[0])).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat((root / GetParam().staging).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST_P(SinkContract, GivesFilesTheTimeOfArrival) {
  const auto sink = opened();
  const auto staged = commit(*sink, {message("M1", "one", 1'234'567'890)});

  struct stat info {};

  ASSERT_EQ(::stat((root / location(staged[0])).c_str(), &info), 0);
  EXPECT_EQ(info.st_mtime, 1'234'567'890);
}

TEST_P(SinkContract, PublishingTwiceIsHarmless) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const auto staged = commit(*sink, {one});
  sink->publish(staged[0]);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(visible().size(), 1U);
  EXPECT_EQ(visible().begin()->second, one.octets);
}

TEST_P(SinkContract, StoringAgainGivesTheSamePlaceAndNoSecondCopy) {
  const Message one = message("M1", "one");
  std::string first;
  {
    const auto sink = opened();
    first = location(commit(*sink, {one})[0]);
  }
  const auto sink = opened();
  EXPECT_EQ(location(commit(*sink, {one})[0]), first);
  EXPECT_EQ(visible().size(), 1U);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_P(SinkContract, TwoMessagesOfOneNameKeepBothWithinABatchAndAcross) {
  const auto sink = opened();
  Message one = message("M1", "same");
  Message two = one;
  two.octets += "other\r\n";
  Message three = one;
  three.octets += "third\r\n";
  commit(*sink, {one, two});
  commit(*sink, {three});
  std::multiset<std::string> octets;
  for (const auto& [name, text] : visible()) {
    octets.insert(text);
  }
  EXPECT_EQ(octets, (std::multiset<std::string>{one.octets, two.octets, three.octets}));
}

TEST_P(SinkContract, DoesNotOverwriteAForeignFile) {
  const Message one = message("M1", "one");
  std::string name;
  {
    const auto sink = opened();
    name = location(commit(*sink, {one})[0]);
  }
  plant(name, "somebody else's");
  const auto sink = opened();
  const auto staged = commit(*sink, {one});
  EXPECT_EQ(visible().at(name), "somebody else's");
  EXPECT_EQ(visible().at(location(staged[0])), one.octets);
}

TEST_P(SinkContract, RefusesANameThatSomebodyTookSinceStore) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Staged staged = sink->store(one.item, one.body());
  sink->sync(SyncPhase::Data);
  plant(location(staged), "somebody else's");
  EXPECT_EQ(error_of([&] { sink->publish(staged); }), ErrorClass::Item);
  EXPECT_EQ(visible().at(location(staged)), "somebody else's");
  sink->discard(staged);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_P(SinkContract, FollowsNoLinkThatWasPlantedAsAName) {
  const Message one = message("M1", "one");
  std::string name;
  {
    const auto sink = opened();
    name = location(commit(*sink, {one})[0]);
  }
  const fs::path victim = dir / "victim";
  std::ofstream(victim) << one.octets;
  fs::remove(root / name);
  fs::create_symlink(victim, root / name);
  const auto sink = opened();
  EXPECT_NE(location(commit(*sink, {one})[0]), name);
  EXPECT_FALSE(sink->recover({one.receipt(name), ""}));
  EXPECT_EQ(error_of([&] { bytes_of(*sink, one.receipt(name)); }), ErrorClass::Item);
  EXPECT_EQ(found_in(*sink).size(), 1U);
  EXPECT_EQ(slurp(victim), one.octets);
}

TEST_P(SinkContract, FollowsNoLinkThatWasPlantedAsTheStaging) {
  fs::create_directories(dir / "elsewhere");
  fs::create_directory(root);
  fs::permissions(root, fs::perms::owner_all);
  fs::create_directory_symlink(dir / "elsewhere", root / GetParam().staging);
  EXPECT_EQ(error_of([&] { opened(); }), ErrorClass::Config);
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
}

TEST_P(SinkContract, RefusesARootThatOthersMayWriteTo) {
  fs::create_directory(root);
  for (const auto perms : {fs::perms(0770), fs::perms(0707), fs::perms(01777)}) {
    fs::permissions(root, perms);
    EXPECT_EQ(error_of([&] { opened(); }), ErrorClass::Config);
    EXPECT_EQ(error_of([&] { make(host)->open(true); }), ErrorClass::Config);
  }
}

TEST_P(SinkContract, RefusesARootThatIsNoFolder) {
  std::ofstream(root) << "a file";
  EXPECT_EQ(error_of([&] { opened(); }), ErrorClass::Config);
}

TEST_P(SinkContract, GoesThroughALinkToTheRootThatTheUserMade) {
  fs::create_directory(dir / "real");
  fs::permissions(dir / "real", fs::perms::owner_all);
  fs::create_directory_symlink(dir / "real", root);
  const auto sink = opened();
  commit(*sink, {message("M1", "one")});
  EXPECT_EQ(visible().size(), 1U);
}

TEST_P(SinkContract, DiscardLeavesNothing) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Staged staged = sink->store(one.item, one.body());
  sink->discard(staged);
  sink->discard(staged);
  sink->sync(SyncPhase::Data);
  EXPECT_EQ(staged_files(), 0U);
  EXPECT_TRUE(visible().empty());
}

TEST_P(SinkContract, RecoversWhatWasPublished) {
  const Message one = message("M1", "one");
  Staged staged;
  {
    const auto sink = opened();
    staged = sink->store(one.item, one.body());
    sink->sync(SyncPhase::Data);
    sink->publish(staged);
  }
  CountingFs counting(files);
  TestHost counted(counting);
  const auto sink = make(counted);
  sink->open(false);
  EXPECT_TRUE(sink->recover({one.receipt(location(staged)), staged.token}));
  counting.reset();
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(counting.count(FsCall::Fsync), 1U) << "its name may not be on disk yet";
}

TEST_P(SinkContract, ForgetsWhatWasOnlyStaged) {
  const Message one = message("M1", "one");
  Staged staged;
  {
    const auto sink = opened();
    staged = sink->store(one.item, one.body());
    sink->sync(SyncPhase::Data);
  }
  const auto sink = opened();
  EXPECT_EQ(staged_files(), 1U);
  EXPECT_FALSE(sink->recover({one.receipt(location(staged)), staged.token}));
  EXPECT_EQ(staged_files(), 0U);
  EXPECT_TRUE(visible().empty());
}

TEST_P(SinkContract, RecoveryLeavesAForeignFileAlone) {
  const Message one = message("M1", "one");
  Staged staged;
  {
    const auto sink = opened();
    staged = sink->store(one.item, one.body());
  }
  plant(location(staged), "somebody else's");
  const auto sink = opened();
  EXPECT_FALSE(sink->recover({one.receipt(location(staged)), staged.token}));
  EXPECT_EQ(visible().at(location(staged)), "somebody else's");
}

TEST_P(SinkContract, RecoveryReachesNothingOutsideItsOwn) {
  std::ofstream(dir / "outside") << "precious";
  const auto sink = opened();
  Message one = message("M1", "one");
  one.octets = "precious";
  for (const std::string name : {"../outside", "", ".", "..", "/etc/passwd"}) {
    EXPECT_FALSE(sink->recover({one.receipt(name), "../../outside"})) << name;
    EXPECT_EQ(error_of([&] { bytes_of(*sink, one.receipt(name)); }), ErrorClass::Item) << name;
  }
  EXPECT_EQ(slurp(dir / "outside"), "precious");
}

TEST_P(SinkContract, SweepRemovesOldStagingsOnly) {
  const Message one = message("M1", "one");
  {
    const auto sink = opened();
    sink->store(one.item, one.body());
  }
  const auto sink = opened();
  plant(GetParam().staging + "/not-ours", "text");
  commit(*sink, {message("M2", "two")});
  sink->sweep();
  EXPECT_EQ(staged_files(), 1U);
  EXPECT_TRUE(fs::exists(root / GetParam().staging / "not-ours"));
  EXPECT_EQ(visible().size(), 1U);
}

TEST_P(SinkContract, ReadGivesTheOctetsBack) {
  const auto sink = opened();
  Message one = message("M1", "one");
  one.octets += std::string(300'000, 'x') + std::string("\n\r\0", 3) + "From \r\n";
  const auto staged = commit(*sink, {one});
  EXPECT_EQ(bytes_of(*sink, one.receipt(location(staged[0]))), one.octets);
}

TEST_P(SinkContract, ReadSaysThatAFileIsMissing) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  EXPECT_EQ(error_of([&] { bytes_of(*sink, one.receipt("none.eml")); }), ErrorClass::Item);
}

TEST_P(SinkContract, ScanFindsAllThatWasStoredAndNoStaging) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
  const auto staged = commit(*sink, {one, two});
  sink->store(message("M3", "three").item, message("M3", "three").body());
  sink->mark("{}");
  std::map<std::string, Digest> found;
  for (const Found& each : found_in(*sink)) {
    found[each.location] = each.digest;
  }
  EXPECT_EQ(found, (std::map<std::string, Digest>{{location(staged[0]), one.digest()},
                                                  {location(staged[1]), two.digest()}}));
}

TEST_P(SinkContract, TellsWhetherTheRootIsEmptyAndMarked) {
  const auto sink = opened();
  EXPECT_TRUE(sink->root().empty);
  EXPECT_EQ(sink->root().marker, "");
  plant("old.eml", "text");
  EXPECT_FALSE(sink->root().empty);
  sink->mark("{\"ledger\":1}");
  sink->mark("{\"ledger\":2}");
  EXPECT_EQ(sink->root().marker, "{\"ledger\":2}");
}

TEST_P(SinkContract, LookingChangesNothing) {
  const auto sink = make(host);
  sink->open(true);
  EXPECT_FALSE(fs::exists(root));
  EXPECT_TRUE(sink->root().empty);
  EXPECT_TRUE(found_in(*sink).empty());
  EXPECT_TRUE(host.logged("does not exist yet"));
}

TEST_P(SinkContract, LooksAtWhatIsThere) {
  const Message one = message("M1", "one");
  std::string name;
  {
    const auto sink = opened();
    name = location(commit(*sink, {one})[0]);
  }
  const auto sink = make(host);
  sink->open(true);
  EXPECT_EQ(bytes_of(*sink, one.receipt(name)), one.octets);
  EXPECT_EQ(found_in(*sink).size(), 1U);
  EXPECT_EQ(error_of([&] { sink->store(one.item, one.body()); }), ErrorClass::Internal);
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
