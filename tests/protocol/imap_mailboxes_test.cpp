// What becomes of the mailboxes between two listings: renamed, deleted, replaced, begun anew.
#include "imap_listed.hpp"

namespace mailpipe::imap {
namespace {

using test::ModelHook;
using test::ModelImapServer;

TEST(ImapList, KnowsARenamedMailboxByItsId) {
  Listed account(kEverything);
  account.server.rename("Work", "Job");
  EXPECT_EQ(account.next(), (Strings{"checkpoint Work"}));
  const Event& mailbox = account.told.last(EventKind::Mailbox);
  EXPECT_EQ(account.told.names.size(), 2U);
  EXPECT_EQ(std::count_if(account.told.events.begin(), account.told.events.end(),
                          [](const Event& e) {
                            return e.kind == EventKind::Mailbox && e.mailbox.id == "Work" &&
                                   e.mailbox.path == Strings{"Job"};
                          }),
            1)
      << mailbox.mailbox.id;
  EXPECT_EQ(account.server.count("EXAMINE *"), 0U);
  account.server.append("Job");
  EXPECT_EQ(account.next(), (Strings{"listed Work 4", "checkpoint Work"}));
}

TEST(ImapList, TakesARenamedMailboxForAnotherWhereNothingElseIsSaid) {
  Listed account(kNoQresync);
  account.server.rename("Work", "Job");
  EXPECT_EQ(account.next(), (Strings{"mailbox-removed Work", "begin Work", "end Work",
                                     "checkpoint Work", "begin Job", "listed Job 1", "listed Job 2",
                                     "listed Job 3", "end Job", "checkpoint Job"}));
  EXPECT_EQ(account.next(), Strings());
}

TEST(ImapList, TellsADeletedMailboxOnce) {
  Listed account(kEverything);
  account.server.remove("Work");
  EXPECT_EQ(account.next(),
            (Strings{"mailbox-removed Work", "begin Work", "end Work", "checkpoint Work"}));
  EXPECT_EQ(account.next(), Strings());
}

/// Work is deleted, and Job, which was listed, gets its name.
void expect_known(Listed& account) {
  account.next();
  account.server.remove("Work");
  account.server.rename("Job", "Work");
  EXPECT_EQ(account.next(), (Strings{"mailbox-removed Work", "begin Work", "end Work",
                                     "checkpoint Work", "checkpoint Job"}));
  EXPECT_EQ(account.next(), Strings());
}

TEST(ImapList, TellsADeletedMailboxWhoseNameAnotherOneGot) {
  Listed account(kEverything);
  account.server.create("Job");
  account.server.append("Job");
  expect_known(account);
}

TEST(ImapList, KnowsARenamedMailboxWhoseNewNameHadItsUidValidity) {
  Listed account(kEverything);
  const auto same = static_cast<std::uint32_t>(std::stoul(account.told.item("Work", "1").ref));
  account.server.create("Job");
  account.server.set_uidvalidity("Job", same);
  account.server.append("Job", 3);
  expect_known(account);
}

TEST(ImapList, FindsOutAnotherMailboxUnderANameAndItsUidValidity) {
  Listed account(kEverything);
  const Item work = account.told.item("Work", "1");
  account.server.create("Job");
  account.server.append("Job", 4);
  account.server.remove("Work");
  account.server.rename("Job", "Work");
  account.server.set_uidvalidity("Work", static_cast<std::uint32_t>(std::stoul(work.ref)));
  EXPECT_EQ(account.next(),
            (Strings{"begin Work", "end Work", "begin Work", "listed Work 1", "listed Work 2",
                     "listed Work 3", "listed Work 4", "end Work", "checkpoint Work"}));
  EXPECT_NE(account.told.item("Work", "1").key, work.key);
  EXPECT_EQ(account.next(), Strings());
}

// A cursor with a wrong id would make every later run take the mailbox for another one.
TEST(ImapList, TakesAMailboxIdOnlyWhereItIsToldTwice) {
  for (const char* const command : {"EXAMINE \"INBOX\"*", "STATUS \"INBOX\" (MAILBOXID)"}) {
    SCOPED_TRACE(command);
    ModelImapServer server({.capabilities = kEverything});
    server.append("INBOX", 3);
    server.on({.command = command,
               .times = 1,
               .instead =
                   "* STATUS \"INBOX\" (MAILBOXID (F9))\r\n"
                   "* OK [UIDVALIDITY 1001] x\r\n* OK [MAILBOXID (F9)] x\r\n$tag OK done\r\n"});
    TestSource source(server.port());
    Told told;
    const Error error = source.list_failure(told);
    EXPECT_EQ(error.error_class(), ErrorClass::Transient) << error.what();
    EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
    EXPECT_EQ(source.list(told).count(EventKind::Listed), 3U);
  }
}

TEST(ImapList, GivesNewKeysToAMailboxThatComesBack) {
  Listed account(kNoQresync);
  const std::string key = account.told.item("Work", "1").key;
  account.server.remove("Work");
  account.next();
  account.server.create("Work");
  account.server.append("Work");
  account.next();
  EXPECT_NE(account.told.item("Work", "1").key, key);
}

TEST(ImapList, TellsThatAMailboxIsGoneAgainAfterAListingThatBrokeOff) {
  Listed account(kEverything);
  account.server.remove("Work");
  account.next();
  account.server.create("Work");
  account.server.append("Work");
  account.server.on({.command = "EXAMINE \"Work\"*", .instead = "$tag NO [SERVERBUG] not now\r\n"});
  Told told;
  account.source.list_failure(told, account.told);
  EXPECT_EQ(told.lines(), (Strings{"checkpoint Work"}));
  account.server.remove("Work");
  EXPECT_EQ(account.source.list(told).lines(),
            (Strings{"mailbox-removed Work", "begin Work", "end Work", "checkpoint Work"}));
}

TEST(ImapList, GivesTheSameKeysAfterAListingThatBrokeOffInAMailboxOfAnothersOldName) {
  Listed account(kEverything);
  account.server.rename("Work", "Play");
  account.next();
  account.server.create("Work");
  account.server.append("Work");
  account.server.on({.command = "UID FETCH*",
                     .times = 1,
                     .instead = "* BYE overloaded\r\n",
                     .ending = ModelHook::Ending::Close});
  Told broken;
  account.source.list_failure(broken, account.told);
  const Told whole = account.source.list(account.told);
  const Told after = account.source.list(broken);
  EXPECT_EQ(after.item("Work (2)", "1").key, whole.item("Work (2)", "1").key);
  EXPECT_EQ(after.count(EventKind::MailboxRemoved), 0U);
}

TEST(ImapList, LeavesAMailboxAloneThatIsNoLongerChosen) {
  Listed account(kEverything);
  TestSource other(account.server.port(), {{"mailboxes", {{"exclude", {"Work"}}}}});
  EXPECT_EQ(other.list(account.told).lines(), Strings());
}

TEST(ImapList, EndsTheOldEpochBeforeAnythingElseWhenUidValidityChanges) {
  Listed account(kEverything);
  const std::string before = account.told.item("INBOX", "1").key;
  account.server.set_uidvalidity("INBOX", 77);
  account.server.expunge("Work", 1);
  EXPECT_EQ(account.next(),
            (Strings{"begin INBOX", "end INBOX", "removed Work 1", "checkpoint Work", "begin INBOX",
                     "listed INBOX 1", "listed INBOX 2", "listed INBOX 3", "listed INBOX 4",
                     "listed INBOX 5", "end INBOX", "checkpoint INBOX"}));
  EXPECT_TRUE(account.told.item("INBOX", "1").initial);
  EXPECT_EQ(account.told.item("INBOX", "1").ref, "77:1");
  EXPECT_NE(account.told.item("INBOX", "1").key, before);
}

TEST(ImapList, NeverGivesAKeyTwiceThoughUidValidityComesBack) {
  Listed account(kEverything);
  const Item first = account.told.item("INBOX", "1");
  const auto old = static_cast<std::uint32_t>(std::stoul(first.ref));
  account.server.set_uidvalidity("INBOX", 77);
  account.next();
  account.server.set_uidvalidity("INBOX", old);
  account.next();
  const Item again = account.told.item("INBOX", "1");
  EXPECT_EQ(again.ref, first.ref);
  EXPECT_NE(again.key, first.key);
}

}  // namespace
}  // namespace mailpipe::imap
