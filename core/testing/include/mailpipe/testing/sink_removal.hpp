#pragma once

#include <mailpipe/testing/sink_fixture.hpp>

#include <chrono>
#include <filesystem>
#include <string>

// What sinks with the capability "remove" do: part of the suite in sink_contract.hpp.
namespace mailpipe::test {

class SinkRemoval : public SinkContract {
 protected:
  SinkRemoval() {
    host.set_run_time(std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
  }

  /// Stores one message and gives its receipt.
  static Receipt stored(Sink& sink, const Message& one) {
    return one.receipt(location(commit(sink, {one})[0]));
  }

  fs::path trash() const { return dir / "root.mailpipe-trash/20231114_221320"; }
};

TEST_P(SinkRemoval, TrashIsBesideTheRootAndNamedAfterTheRun) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Receipt receipt = stored(*sink, one);
  sink->remove(receipt, Removal::Trash);
  sink->sync(SyncPhase::Names);
  EXPECT_TRUE(visible().empty());
  EXPECT_EQ(slurp(trash() / receipt.location), one.octets);
  EXPECT_EQ(fs::status(dir / "root.mailpipe-trash").permissions(), fs::perms(0700));
}

TEST_P(SinkRemoval, DeleteLeavesNothing) {
  const auto sink = opened();
  sink->remove(stored(*sink, message("M1", "one")), Removal::Delete);
  EXPECT_TRUE(visible().empty());
  EXPECT_FALSE(fs::exists(dir / "root.mailpipe-trash"));
}

TEST_P(SinkRemoval, RemovingTwiceIsHarmless) {
  const auto sink = opened();
  const Receipt receipt = stored(*sink, message("M1", "one"));
  for (const Removal how : {Removal::Trash, Removal::Trash, Removal::Delete}) {
    EXPECT_EQ(error_of([&] { sink->remove(receipt, how); }), ErrorClass{0});
  }
  EXPECT_TRUE(fs::exists(trash() / receipt.location));
}

TEST_P(SinkRemoval, TrashReplacesNothing) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  for (int i = 0; i < 3; ++i) {
    sink->remove(stored(*sink, one), Removal::Trash);
  }
  const fs::path folder = (trash() / stored(*sink, one).location).parent_path();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 3);
}

TEST_P(SinkRemoval, LeavesAFileAloneThatWasChangedSince) {
  const auto sink = opened();
  const Receipt receipt = stored(*sink, message("M1", "one"));
  plant(receipt.location, "somebody else's");
  for (const Removal how : {Removal::Trash, Removal::Delete}) {
    sink->remove(receipt, how);
    EXPECT_EQ(visible().at(receipt.location), "somebody else's");
  }
}

TEST_P(SinkRemoval, ReachesNothingOutsideTheRoot) {
  const Message one = message("M1", "one");
  std::ofstream(dir / "outside", std::ios::binary) << one.octets;
  const auto sink = opened();
  for (const char* name : {"../outside", "", "..", "/etc/passwd"}) {
    sink->remove(one.receipt(name), Removal::Delete);
  }
  EXPECT_TRUE(fs::exists(dir / "outside"));
}

TEST_P(SinkRemoval, SyncsTheTrashBeforeTheRoot) {
  CountingFs counting(files);
  TestHost counted(counting);
  const auto sink = make(counted);
  sink->open(false);
  sink->remove(stored(*sink, message("M1", "one")), Removal::Trash);
  counting.reset();
  sink->sync(SyncPhase::Names);
  EXPECT_GE(counting.count(FsCall::Fsync), 2U);
}

TEST_P(SinkRemoval, FollowsNoLinkThatWasPlantedAsTheTrashOfARun) {
  const auto sink = opened();
  const Receipt receipt = stored(*sink, message("M1", "one"));
  fs::create_directory(dir / "elsewhere");
  fs::create_directory(dir / "root.mailpipe-trash");
  fs::permissions(dir / "root.mailpipe-trash", fs::perms::owner_all);
  fs::create_directory_symlink(dir / "elsewhere", trash());
  EXPECT_EQ(error_of([&] { sink->remove(receipt, Removal::Trash); }), ErrorClass::Config);
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
  EXPECT_EQ(visible().size(), 1U);
}

}  // namespace mailpipe::test
