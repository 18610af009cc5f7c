#include "contract/maildir_fixture.hpp"

// One hard link a mailbox; folders that come and go; what a batch costs.
namespace mailpipe::test {
namespace {

TEST_F(MaildirTest, GivesEveryMailboxALinkToOneFile) {
  const auto receipts = commit(in(message("M1", "x"), {{"INBOX"}, {"A", "B"}, {"C"}, {"INBOX"}}));
  ASSERT_EQ(receipts.size(), 3U);
  for (const Receipt& receipt : receipts) {
    EXPECT_EQ(inode(receipt.location), inode(receipts[0].location)) << receipt.location;
  }
  EXPECT_EQ(receipts[1].place, "/A/B");
  EXPECT_TRUE(receipts[1].location.starts_with("A/B/new/1700000000.")) << receipts[1].location;
  EXPECT_FALSE(fs::exists(root / "A/cur")) << "A is no mailbox";
}

TEST_F(MaildirTest, RefusesAMessageInNoMailbox) {
  const Message one = in(message("M1", "x"), {});
  EXPECT_THROW(sink->store(one.item, one.body()), Error);
}

TEST_F(MaildirTest, KeepsTwoIdenticalDeliveriesInOneFolder) {
  Message one = in(message("M1", "x"), {{"Box"}});
  Message two = one;
  two.item.key = "jmap:a:other";
  commit(one);
  commit(two);
  commit(one);
  EXPECT_EQ(files("Box/new").size(), 2U);
}

TEST_F(MaildirTest, LinkThrowsItemWhenTheFileIsGoneOrAnother) {
  const Message one = in(message("M1", "x"), {{"A"}});
  const Receipt receipt = commit(one)[0];
  const Message moved = in(one, {{"B"}});
  write(receipt.location, "something else");
  for (int i = 0; i < 2; ++i) {
    try {
      sink->link(receipt, moved.item, "/B");
      ADD_FAILURE() << "linked what is not the message";
    } catch (const Error& error) {
      EXPECT_EQ(error.error_class(), ErrorClass::Item);
    }
    fs::remove(root / receipt.location);
  }
  EXPECT_TRUE(files("B/tmp").empty());
}

TEST_F(MaildirTest, CopiesWhereThereAreNoHardLinks) {
  for (const int error : {EMLINK, EXDEV, EPERM}) {
    sink.reset();
    fs::remove_all(root);
    FaultyFs faulty(unsynced);
    TestHost faulted(faulty);
    sink = make(faulted);
    sink->open(false);
    faulty.fail({.kind = FsCall::Linkat, .nth = 1, .error = error, .lasts = true});
    const Message one = in(message("M1", "x", 1'234'567'890), {{"A"}, {"B"}});
    const auto receipts = commit(one);
    const Message moved = in(one, {{"C"}});
    const auto linked = settle(moved, sink->link(receipts[0], moved.item, "/C"));
    for (const std::string& location :
         {receipts[0].location, receipts[1].location, linked[0].location}) {
      EXPECT_EQ(slurp(root / location), one.octets) << error;

      struct stat info {};

      ASSERT_EQ(::stat((root / location).c_str(), &info), 0);
      EXPECT_EQ(info.st_mtime, 1'234'567'890);
    }
    EXPECT_NE(inode(receipts[0].location), inode(receipts[1].location));
    EXPECT_TRUE(files("A/tmp").empty() && files("B/tmp").empty() && files("C/tmp").empty());
    sink.reset();
  }
}

TEST_F(MaildirTest, MakesAFolderAnewThatSomebodyTookAwayMeanwhile) {
  commit(in(message("M1", "x"), {{"A"}}));
  fs::remove_all(root / "A");
  const Message two = in(message("M2", "x"), {{"A"}});
  EXPECT_EQ(slurp(root / commit(two)[0].location), two.octets);
}

TEST_F(MaildirTest, PassesOverAFolderThatMayNotBeRead) {
  commit(in(message("M1", "x"), {{"A"}}));
  FaultyFs faulty(unsynced);
  TestHost faulted(faulty);
  const auto other = make(faulted);
  other->open(false);
  faulty.fail({.kind = FsCall::Openat, .nth = 5, .error = EACCES});  // the first in the root
  fs::create_directory(root / "0lost");
  other->sweep();
  EXPECT_TRUE(faulted.logged("0lost' may not be read"));
}

TEST_F(MaildirTest, AFailedSecondPublishTakesNothingBack) {
  const Message one = in(message("M1", "x"), {{"A"}, {"B"}});
  const Staged staged = sink->store(one.item, one.body());
  const auto receipts = settle(one, staged);
  fs::remove(root / receipts[0].location);
  EXPECT_THROW(sink->publish(staged), Error);
  EXPECT_TRUE(fs::exists(root / receipts[1].location));
}

TEST_F(MaildirTest, TakesALinkBackWhenTheMessageCannotBePublishedWhole) {
  const Message one = in(message("M1", "x"), {{"A"}, {"B"}});
  const Staged staged = sink->store(one.item, one.body());
  write(staged.placed[0].location, "somebody else's");
  EXPECT_THROW(sink->publish(staged), Error);
  EXPECT_TRUE(files("B/new").empty());
  sink->discard(staged);
  EXPECT_TRUE(files("A/tmp").empty());
}

TEST_F(MaildirTest, MakesAndRemovesAnEmptyMailbox) {
  const Mailbox box = mailbox_of({"A", "B"});
  sink->mailbox(MailboxChange::Create, box);
  sink->mailbox(MailboxChange::Create, box);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files("A/B"), (std::vector<std::string>{".mailpipe-folder", "cur", "new", "tmp"}));
  EXPECT_EQ(slurp(root / "A/B/.mailpipe-folder"), "{\"path\":[\"A\",\"B\"]}\n");
  sink->mailbox(MailboxChange::Remove, box);
  sink->mailbox(MailboxChange::Remove, box);
  sink->sync(SyncPhase::Names);
  EXPECT_FALSE(fs::exists(root / "A/B"));
  sink->mailbox(MailboxChange::Create, box);
  EXPECT_TRUE(fs::exists(root / "A/B/cur"));
}

TEST_F(MaildirTest, KeepsAMailboxThatIsNotEmptyOrNotOurs) {
  commit(in(message("M1", "x"), {{"Full"}}));
  fs::create_directories(root / "Theirs/cur");
  fs::permissions(root / "Theirs", fs::perms::owner_all);
  fs::permissions(root / "Theirs/cur", fs::perms::owner_all);
  for (const char* name : {"Full", "Theirs"}) {
    sink->mailbox(MailboxChange::Remove, mailbox_of({name}));
    EXPECT_TRUE(fs::exists(root / name / "cur"));
  }
  EXPECT_EQ(files("Full"), (std::vector<std::string>{".mailpipe-folder", "cur", "new", "tmp"}));
}

/// Nothing would ever come back to a folder whose removal was told and not done.
TEST_F(MaildirTest, SaysWhenAMailboxCannotBeRemovedAndATryLaterDoesIt) {
  const Mailbox box = mailbox_of({"A", "B"});
  for (std::uint64_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 200U);
    sink->mailbox(MailboxChange::Create, box);
    FaultyFs faulty(unsynced);
    TestHost faulted(faulty);
    const auto refused = make(faulted);
    refused->open(false);
    faulty.fail({.nth = nth, .error = EIO});
    try {
      refused->mailbox(MailboxChange::Remove, box);
      EXPECT_FALSE(fs::exists(root / "A/B")) << "with an error at call " << nth;
    } catch (const Error&) {
      EXPECT_TRUE(faulty.hit());
    }
    reopen();
    sink->mailbox(MailboxChange::Remove, box);
    EXPECT_FALSE(fs::exists(root / "A/B")) << "after an error at call " << nth;
    if (!faulty.hit()) {
      break;
    }
  }
}

TEST_F(MaildirTest, AMailboxWithOneBeneathItLosesOnlyItself) {
  commit(in(message("M1", "x"), {{"A", "B"}}));
  sink->mailbox(MailboxChange::Create, mailbox_of({"A"}));
  sink->mailbox(MailboxChange::Remove, mailbox_of({"A"}));
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files("A"), std::vector<std::string>{"B"});
  EXPECT_EQ(files("A/B/new").size(), 1U);
}

TEST_F(MaildirTest, SweepsTheStagingsOfEveryFolderAndNothingElse) {
  const Message one = in(message("M1", "x"), {{"A", "B"}});
  sink->store(one.item, one.body());
  write("A/B/tmp/1700000000.1.host", "a reader's");
  reopen();
  sink->sweep();
  EXPECT_EQ(files("A/B/tmp"), std::vector<std::string>{"1700000000.1.host"});
}

TEST_F(MaildirTest, TakesFiveCallsAMessage) {
  commit(in(message("M", "which makes the folder"), {{"Box"}}));
  std::vector<Staged> staged;
  counting.reset();
  for (int i = 0; i < 500; ++i) {
    const Message one = in(message("M" + std::to_string(i), "x"), {{"Box"}}, {"$seen"});
    staged.push_back(sink->store(one.item, one.body()));
  }
  sink->sync(SyncPhase::Data);
  for (const Staged& each : staged) {
    sink->publish(each);
  }
  sink->sync(SyncPhase::Names);
  EXPECT_LE(counting.total(), 5U * 500 + 20) << "open, write, time, close, rename";
  EXPECT_EQ(counting.count(FsCall::List), 0U);
  if (counting.count(FsCall::Fdatasync) == 0) {
    EXPECT_LE(counting.syncs(), 2U);
  }
}

TEST_F(MaildirTest, TakesTwoSyncsForANewFolderAndFewForWhatLiesInIt) {
  constexpr std::uint64_t kFolders = 201;  // "Lists", too
  if (!syncs_whole()) {
    GTEST_SKIP() << "the folder for temporary files is on no local file system";
  }
  counting.reset();
  std::vector<Staged> staged;
  for (int i = 0; i < 1000; ++i) {
    const Message one =
        in(message("M" + std::to_string(i), "x"), {{"Lists", "list " + std::to_string(i / 5)}});
    staged.push_back(sink->store(one.item, one.body()));
  }
  sink->sync(SyncPhase::Data);
  for (const Staged& each : staged) {
    sink->publish(each);
  }
  sink->sync(SyncPhase::Names);
  EXPECT_LE(counting.syncs(), 2 * kFolders + 2)
      << "its note and the note's name, ahead of its cur/";
}

TEST_F(MaildirTest, FollowsNoLinkInsideTheRoot) {
  fs::create_directories(dir / "elsewhere/cur");
  fs::create_directory_symlink(dir / "elsewhere", root / "Box");
  const Message one = in(message("M1", "x"), {{"Box"}});
  EXPECT_THROW(sink->store(one.item, one.body()), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir / "elsewhere"), fs::directory_iterator()), 1);
}

/// The process dies at each of its calls in turn; the next run does what the engine does.
TEST_F(MaildirTest, AKillAnywhereIsMadeGoodByTheNextRun) {
  const Message one = in(message("M1", "x"), {{"A"}, {"B", "C"}}, {"$seen", "work"});
  for (std::uint64_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 500U);
    sink.reset();
    fs::remove_all(root);
    FaultyFs faulty(unsynced);
    TestHost faulted(faulty);
    std::vector<Receipt> intents;
    std::string token;
    {
      const auto killed = make(faulted);
      faulty.fail({.nth = nth, .error = EIO, .lasts = true});
      try {
        killed->open(false);
        const Staged staged = killed->store(one.item, one.body());
        killed->sync(SyncPhase::Data);
        intents = receipts(one, staged);
        token = staged.token;
        killed->publish(staged);
        killed->sync(SyncPhase::Names);
      } catch (const Error&) {
        EXPECT_TRUE(faulty.hit());
      }
    }
    reopen();
    std::size_t whole = 0;
    for (const Receipt& receipt : intents) {
      whole += sink->recover({receipt, token}) ? 1U : 0U;
    }
    sink->sync(SyncPhase::Names);
    sink->sweep();
    if (whole < 2) {
      commit(one);
    }
    EXPECT_EQ(files("A/cur").size(), 1U) << "killed at call " << nth;
    EXPECT_EQ(files("B/C/cur").size(), 1U) << "killed at call " << nth;
    EXPECT_EQ(slurp(root / "A/cur" / files("A/cur").at(0)), one.octets);
    EXPECT_EQ(slurp(root / "A/dovecot-keywords"), "0 work\n") << "killed at call " << nth;
    EXPECT_TRUE(files("A/tmp").empty() && files("B/C/tmp").empty()) << "killed at call " << nth;
    if (!faulty.hit()) {
      EXPECT_EQ(whole, 2U);
      break;
    }
  }
}

}  // namespace
}  // namespace mailpipe::test
