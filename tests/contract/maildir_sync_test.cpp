// Syncs of a Maildir that only some runs come to.
#include "contract/maildir_fixture.hpp"

#include <cerrno>

namespace mailpipe::test {
namespace {

struct MaildirSync : MaildirTest {
  std::unique_ptr<Sink> opened_with(Host& with) {
    options["sync"] = "fdatasync";
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
