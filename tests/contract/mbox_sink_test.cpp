#include "contract/mbox_fixture.hpp"

#include <sys/stat.h>

// What the engine relies on from every sink, as sink_contract.hpp has it for sinks with one file a
// message; calls that fail are in mbox_kill_test.cpp.
namespace mailpipe::test {
namespace {

struct MboxSinkTest : MboxTest {};

mode_t mode_of(const fs::path& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777U : 0;
}

TEST_F(MboxSinkTest, WritesOneFileAMailboxAndNestsThemAsThunderbirdDoes) {
  const Message one = in(message("M1", "one"), {{"INBOX"}});
  const Message two = in(message("M2", "two"), {{"Lists", "mutt"}, {"Lists"}});
  const auto sink = opened();
  commit(*sink, {one, two});
  EXPECT_EQ(text("INBOX"), entry_of(one));
  EXPECT_EQ(text("Lists"), entry_of(two));
  EXPECT_EQ(text("Lists.sbd/mutt"), entry_of(two));
}

TEST_F(MboxSinkTest, WritesAMessageOfTwoMailboxesOnceIntoASingleFile) {
  const Message one = in(message("M1", "one"), {{"INBOX"}, {"Work"}});
  const auto sink = opened("single");
  const auto receipts = commit(*sink, {one});
  EXPECT_EQ(text("all.mbox"), entry_of(one));
  ASSERT_EQ(receipts.size(), 2U);
  EXPECT_EQ(receipts[0].location, receipts[1].location);
  EXPECT_EQ(bytes_of(*sink, receipts[1]), one.octets);
}

TEST_F(MboxSinkTest, AppendsBatchAfterBatchInOrder) {
  const auto sink = opened();
  std::string expected;
  for (int batch = 0; batch < 3; ++batch) {
    std::vector<Message> messages;
    for (int i = 0; i < 3; ++i) {
      messages.push_back(message("M" + std::to_string(batch * 3 + i), "x"));
      expected += entry_of(messages.back());
    }
    commit(*sink, messages);
  }
  EXPECT_EQ(text("INBOX"), expected);
  EXPECT_EQ(staged_files(), 0U);
}

TEST_F(MboxSinkTest, ShowsNothingBeforePublish) {
  const auto sink = opened();
  sink->store(message("M1", "one").item, message("M1", "one").body());
  sink->sync(SyncPhase::Data);
  sink->sync(SyncPhase::Names);
  EXPECT_FALSE(fs::exists(root / "INBOX"));
}

TEST_F(MboxSinkTest, KeepsBatchesApartThatAreStagedWhileOthersArePublished) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
  const Message three = message("M3", "three");
  const Staged first = sink->store(one.item, one.body());
  const Staged second = sink->store(two.item, two.body());  // of the next batch, but staged before
  sink->sync(SyncPhase::Data);
  const Staged third = sink->store(three.item, three.body());
  sink->publish(first);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("INBOX"), entry_of(one));
  sink->sync(SyncPhase::Data);
  sink->publish(third);
  sink->publish(second);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("INBOX"), entry_of(one) + entry_of(three) + entry_of(two));
  EXPECT_EQ(staged_files(), 0U);
  for (const auto& [message, staged] : {std::pair(two, second), std::pair(three, third)}) {
    EXPECT_EQ(bytes_of(*sink, message.receipt(staged.placed[0].location)), message.octets);
  }
}

TEST_F(MboxSinkTest, LocationsAreTheOffsetsOfPostmarks) {
  const auto sink = opened();
  const auto receipts = commit(*sink, {message("M1", "one"), message("M2", "two")});
  EXPECT_EQ(receipts[0].location, "INBOX:0");
  EXPECT_EQ(receipts[1].location, "INBOX:" + std::to_string(entry_of(message("M1", "one")).size()));
}

TEST_F(MboxSinkTest, FilesAreTheOwnersAlone) {
  const mode_t before = ::umask(0);
  const auto sink = opened();
  commit(*sink, {in(message("M1", "one"), {{"A", "B"}})});
  ::umask(before);
  EXPECT_EQ(mode_of(root), 0700U);
  EXPECT_EQ(mode_of(root / "A.sbd"), 0700U);
  EXPECT_EQ(mode_of(root / "A.sbd/B"), 0600U);
  EXPECT_EQ(mode_of(root / ".mailpipe-mbox"), 0700U);
  EXPECT_EQ(mode_of(root / ".mailpipe-mbox/boxes.json"), 0600U);
}

TEST_F(MboxSinkTest, PublishingTwiceIsHarmless) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Staged staged = sink->store(one.item, one.body());
  sink->sync(SyncPhase::Data);
  sink->publish(staged);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("INBOX"), entry_of(one));
}

TEST_F(MboxSinkTest, DiscardLeavesNothing) {
  const auto sink = opened();
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
  const Staged staged = sink->store(one.item, one.body());
  sink->discard(staged);
  sink->discard(staged);
  EXPECT_EQ(staged_files(), 0U);
  const auto receipts = commit(*sink, {two});
  EXPECT_EQ(text("INBOX"), entry_of(two));
  EXPECT_EQ(receipts[0].location, "INBOX:0");
}

TEST_F(MboxSinkTest, CostsSyncsOfABatchNotOfAMessage) {
  for (const int count : {2, 500}) {
    CountingFs counting(files);
    TestHost counted(counting);
    const auto sink = make(counted);
    sink->open(false);
    commit(*sink, {message("M", "which makes the file")});
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back(message("M" + std::to_string(i), "x"));
    }
    counting.reset();
    commit(*sink, messages);
    EXPECT_EQ(counting.syncs(), 6U) << "staging, plan, its name, box, record, its name";
    EXPECT_EQ(counting.count(FsCall::Pwrite), static_cast<std::uint64_t>(count) + 1)
        << "one a message to the staging, one to the box";
  }
}

TEST_F(MboxSinkTest, LinksIntoAnotherMailboxWithoutADownload) {
  const Message one = in(message("M1", "one"), {{"A"}});
  const Message moved = in(one, {{"A"}, {"B"}});
  const auto sink = opened();
  const auto old = commit(*sink, {message("M0", "first"), one});
  const Staged staged = sink->link(old[1], moved.item, "/B");
  sink->sync(SyncPhase::Data);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("B"), entry_of(one));
  EXPECT_EQ(bytes_of(*sink, one.receipt(staged.placed.at(0).location)), one.octets);
}

TEST_F(MboxSinkTest, ALinkWithinASingleFileIsWhereItLies) {
  const Message one = in(message("M1", "one"), {{"A"}});
  const auto sink = opened("single");
  const auto old = commit(*sink, {one});
  const Staged staged = sink->link(old[0], in(one, {{"A"}, {"B"}}).item, "/B");
  sink->sync(SyncPhase::Data);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(staged.placed.at(0).location, old[0].location);
  EXPECT_EQ(text("all.mbox"), entry_of(one));
}

TEST_F(MboxSinkTest, MakesEmptyMailboxesAndRemovesOnlyThose) {
  const auto sink = opened();
  const Mailbox box{.id = "/A/B", .path = {"A", "B"}, .role = {}};
  const Mailbox full{.id = "/INBOX", .path = {"INBOX"}, .role = {}};
  commit(*sink, {in(message("M1", "one"), {{"INBOX"}})});
  sink->mailbox(MailboxChange::Create, box);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("A.sbd/B"), "");
  EXPECT_TRUE(fs::exists(root / "A.sbd/B"));
  const auto next = opened();
  next->sweep();
  next->mailbox(MailboxChange::Remove, box);
  next->mailbox(MailboxChange::Remove, full);
  EXPECT_FALSE(fs::exists(root / "A.sbd/B"));
  EXPECT_TRUE(fs::exists(root / "INBOX"));
}

TEST_F(MboxSinkTest, TellsWhetherTheRootIsEmptyAndMarked) {
  for (const std::string layout : {"per_mailbox", "single"}) {
    fs::remove_all(root);
    const auto sink = opened(layout);
    EXPECT_TRUE(sink->root().empty);
    append(layout == "single" ? "all.mbox" : "Old", kTheirs);
    EXPECT_FALSE(sink->root().empty);
    sink->mark("{\"ledger\":1}");
    sink->mark("{\"ledger\":2}");
    EXPECT_EQ(sink->root().marker, "{\"ledger\":2}");
  }
}

TEST_F(MboxSinkTest, LookingChangesNothing) {
  for (const std::string layout : {"per_mailbox", "single"}) {
    const auto sink = make(host, layout);
    sink->open(true);
    EXPECT_FALSE(fs::exists(root));
    EXPECT_TRUE(sink->root().empty);
    EXPECT_TRUE(found_in(*sink).empty());
    EXPECT_EQ(error_of([&] { sink->store(message("M1", "x").item, message("M1", "x").body()); }),
              ErrorClass::Internal);
  }
}

TEST_F(MboxSinkTest, RefusesARootThatOthersMayWriteTo) {
  fs::create_directory(root);
  fs::permissions(root, fs::perms(0770));
  EXPECT_EQ(error_of([&] { opened(); }), ErrorClass::Config);
  EXPECT_EQ(error_of([&] { opened("single"); }), ErrorClass::Config);
}

TEST_F(MboxSinkTest, FollowsNoLinkThatWasPlantedAsABoxOrAFolder) {
  const auto sink = opened();
  commit(*sink, {message("M1", "one")});
  std::ofstream(dir / "victim") << "";
  fs::create_directory(dir / "elsewhere");
  fs::create_symlink(dir / "victim", root / "Linked");
  fs::create_directory_symlink(dir / "elsewhere", root / "Far.sbd");
  EXPECT_EQ(error_of([&] { commit(*sink, {in(message("M2", "x"), {{"Linked"}})}); }),
            ErrorClass::Config);
  const auto next = opened();
  EXPECT_EQ(error_of([&] {
              commit(*next, {in(message("M2", "x"), {{"Far", "A"}})});
            }),
            ErrorClass::Config);
  EXPECT_EQ(slurp(dir / "victim"), "");
  EXPECT_TRUE(fs::is_empty(dir / "elsewhere"));
}

TEST_F(MboxSinkTest, ReadsAndRecoversNothingOutsideItsOwn) {
  std::ofstream(dir / "outside") << "From x\nprecious\n\n";
  const auto sink = opened();
  const Message one = with_octets("M1", "precious\r\n");
  for (const std::string name : {"../outside:0", "", ":0", ".:0", "..:0", "a.lock:0", "A/B:0"}) {
    EXPECT_FALSE(sink->recover({one.receipt(name), "../../outside"})) << name;
    EXPECT_EQ(error_of([&] { bytes_of(*sink, one.receipt(name)); }), ErrorClass::Item) << name;
  }
}

TEST_F(MboxSinkTest, SweepRemovesOldStagingsOnly) {
  {
    const auto sink = opened();
    sink->store(message("M1", "one").item, message("M1", "one").body());
  }
  EXPECT_EQ(staged_files(), 1U);
  std::ofstream(root / ".mailpipe-mbox/notes.txt") << "text";
  const auto sink = opened();
  sink->sweep();
  EXPECT_EQ(staged_files(), 0U);
  EXPECT_TRUE(fs::exists(root / ".mailpipe-mbox/notes.txt"));
}

}  // namespace
}  // namespace mailpipe::test
