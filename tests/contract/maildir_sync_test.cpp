// Syncs of a Maildir that only some runs come to.
#include "contract/maildir_fixture.hpp"

#include <cerrno>

namespace mailpipe::test {
namespace {

struct MaildirSync : MaildirTest {
  std::unique_ptr<Sink> opened_with(Host& with, const std::string& mode = "fdatasync") {
    options["sync"] = mode;
    auto out = make(with);
    out->open(false);
    return out;
  }
};

TEST_F(MaildirSync, ACopyInPlaceOfALinkIsDurableBeforeItHasItsName) {
  FaultyFs without_links(unsynced);
  Fs& below = without_links;
  FaultyFs faulty(below);
  TestHost faulted(faulty);
  const auto out = opened_with(faulted);
  const Message one = in(message("M1", "one"), {{"INBOX"}, {"Work"}});
  const Staged staged = out->store(one.item, one.body());
  out->sync(SyncPhase::Data);
  without_links.fail({.kind = FsCall::Linkat, .error = EMLINK, .lasts = true});
  faulty.fail({.kind = FsCall::Fdatasync, .error = EIO});
  EXPECT_THROW(out->publish(staged), Error);
}

// A name with a letter may outlive a power cut, and so must the table that says what the letter means.
struct MaildirKeywordSync : MaildirSync {
  MaildirKeywordSync() : out(opened_with(faulted)) {}

  void no_folder_can_be_synced() { faulty.fail({.kind = FsCall::Fsync, .error = EIO}); }

  void store(const std::string& key, const std::vector<std::string>& keywords) {
    const Message one = in(message(key, key), {{"INBOX"}}, keywords);
    out->store(one.item, one.body());
  }

  Receipt publish(const std::string& key, const std::vector<std::string>& keywords) {
    const Message one = in(message(key, key), {{"INBOX"}}, keywords);
    const Staged staged = out->store(one.item, one.body());
    out->sync(SyncPhase::Data);
    out->publish(staged);
    out->sync(SyncPhase::Names);
    return receipts(one, staged).at(0);
  }

  FaultyFs faulty{unsynced};
  TestHost faulted{faulty};
  std::unique_ptr<Sink> out;
};

TEST_F(MaildirKeywordSync, ANewTableIsDurableBeforeAMessageHasItsLetter) {
  publish("M1", {"$seen"});
  store("M2", {"urgent"});
  no_folder_can_be_synced();
  EXPECT_THROW(out->sync(SyncPhase::Data), Error);
}

TEST_F(MaildirKeywordSync, ATableThatIsFoundIsDurableBeforeAMessageHasItsLetter) {
  publish("M1", {"$seen"});
  write("INBOX/dovecot-keywords", "0 urgent\n");
  store("M2", {"urgent"});
  no_folder_can_be_synced();
  EXPECT_THROW(out->sync(SyncPhase::Data), Error);
}

TEST_F(MaildirKeywordSync, ANewTableIsDurableBeforeAMessageIsRenamedToItsLetter) {
  const Receipt receipt = publish("M1", {"$seen"});
  const std::vector<std::string> before = files("INBOX/cur");
  Item item = message("M1", "M1").item;
  item.keywords = {"$seen", "urgent"};
  no_folder_can_be_synced();
  EXPECT_THROW(out->update(receipt, item), Error);
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(files("INBOX/cur"), before);
}

TEST_F(MaildirKeywordSync, ATableThatIsDurableCostsNoFurtherSync) {
  publish("M1", {"urgent"});
  counting.reset();
  store("M2", {"urgent"});
  out->sync(SyncPhase::Data);
  EXPECT_EQ(counting.count(FsCall::Fsync), 0U);
}

TEST_F(MaildirKeywordSync, ATableThatCannotBeReadIsNotReplaced) {
  publish("M1", {"$seen"});
  fs::create_directories(root / "INBOX/dovecot-keywords");
  EXPECT_THROW(store("M2", {"urgent"}), Error);
  EXPECT_THROW(store("M3", {"urgent"}), Error);
  EXPECT_NO_THROW(out->sync(SyncPhase::Names));
  EXPECT_TRUE(fs::is_directory(root / "INBOX/dovecot-keywords"));
}

TEST_F(MaildirKeywordSync, TheTablesOfManyFoldersAreDurableWithOneSync) {
  if (!syncs_whole()) {
    GTEST_SKIP() << "the folder for temporary files is on no local file system";
  }
  out = opened_with(faulted, "auto");
  std::vector<std::vector<std::string>> folders;
  for (int i = 0; i < 6; ++i) {
    folders.push_back({"F" + std::to_string(i)});
  }
  const Message one = in(message("M1", "one"), folders, {"urgent"});
  out->store(one.item, one.body());
  faulty.fail({.kind = FsCall::Syncfs, .error = EIO});
  EXPECT_THROW(out->sync(SyncPhase::Data), Error);
}

TEST_F(MaildirSync, ATrashOfManyFoldersIsSyncedInAll) {
  constexpr std::uint64_t kFolders = 40;
  const auto out = opened_with(host);
  std::vector<Receipt> stored;
  for (std::uint64_t i = 0; i < kFolders; ++i) {
    const Message one = in(message("M" + std::to_string(i), "one"), {{"F" + std::to_string(i)}});
    const Staged staged = out->store(one.item, one.body());
    out->sync(SyncPhase::Data);
    out->publish(staged);
    stored.push_back(receipts(one, staged).at(0));
  }
  out->sync(SyncPhase::Names);
  counting.reset();
  for (const Receipt& receipt : stored) {
    out->remove(receipt, Removal::Trash);
  }
  out->sync(SyncPhase::Names);
  EXPECT_GE(counting.count(FsCall::Fsync), 4 * kFolders)
      << "two folders made there, what they hold, and where it was";
}

TEST_F(MaildirSync, WhatIsNotSyncedYetHoldsFewFilesOpen) {
  const auto out = opened_with(host);
  counting.reset();
  for (int i = 0; i < 200; ++i) {
    const Message one = in(message("M" + std::to_string(i), "one"), {{"INBOX"}});
    out->store(one.item, one.body());
  }
  EXPECT_LE(counting.count(FsCall::Openat) - counting.count(FsCall::Close), 80U);
}

}  // namespace
}  // namespace mailpipe::test
