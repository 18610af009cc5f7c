#pragma once

#include <mailpipe/testing/sink_faults.hpp>
#include <mailpipe/testing/sink_fixture.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

// The suite that every sink runs whose root is a folder; what happens when calls fail is in
// sink_faults.hpp. A plugin includes this file and instantiates SinkContract.
namespace mailpipe::test {

TEST_P(SinkContract, MakesAMissingRootWithItsParents) {
  root = dir / "a/b/c";
  opened();

  struct stat info {};

  for (const fs::path& made : {dir / "a", dir / "a/b", root}) {
    ASSERT_EQ(::stat(made.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U) << made;
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
  const Staged staged = commit_stubbornly(*sink, one);
  EXPECT_EQ(visible().at(name), "somebody else's");
  EXPECT_EQ(visible().at(location(staged)), one.octets);
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
  EXPECT_NE(location(commit_stubbornly(*sink, one)), name);
  EXPECT_FALSE(sink->recover({one.receipt(name), ""}));
  EXPECT_EQ(error_of([&] { bytes_of(*sink, one.receipt(name)); }), ErrorClass::Item);
  EXPECT_EQ(found_in(*sink).size(), 1U);
  EXPECT_EQ(slurp(victim), one.octets);
}

TEST_P(SinkContract, FollowsNoLinkThatWasPlantedAsTheStaging) {
  fs::create_directories(dir / "elsewhere");
  const fs::path staging = root / GetParam().staging;
  fs::create_directories(staging.parent_path());
  fs::permissions(root, fs::perms::owner_all);
  fs::permissions(staging.parent_path(), fs::perms::owner_all);
  fs::create_directory_symlink(dir / "elsewhere", staging);
  EXPECT_EQ(error_of([&] { commit(*opened(), {message("M1", "one")}); }), ErrorClass::Config);
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
  EXPECT_GE(counting.count(FsCall::Fsync), 1U) << "its name may not be on disk yet";
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
  plant(GetParam().foreign, "text");
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

}  // namespace mailpipe::test
