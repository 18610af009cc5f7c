#include "imap_listed.hpp"

#include <algorithm>
#include <set>

namespace mailpipe::imap {
namespace {

using test::ModelImapServer;
using test::ModelMailbox;

TEST(ImapList, TellsAllThatAMailboxHolds) {
  const Listed account(kEverything);
  EXPECT_EQ(
      account.told.lines(),
      (Strings{"begin INBOX", "listed INBOX 1", "listed INBOX 2", "listed INBOX 3",
               "listed INBOX 4", "listed INBOX 5", "end INBOX", "checkpoint INBOX", "begin Work",
               "listed Work 1", "listed Work 2", "listed Work 3", "end Work", "checkpoint Work"}));
}

TEST(ImapList, GivesEveryFieldOfAMessage) {
  ModelImapServer server;
  server.create("A&APw-/b");
  server.append("A&APw-/b", 1, "\\Seen $Forwarded MyTag");
  TestSource source(server.port());
  const Told told = source.list();
  const Item& item = told.item("A&APw-/b", "1");
  EXPECT_EQ(told.labels, (Strings{"Aü/b", "INBOX"}));
  EXPECT_EQ(item.key.substr(0, 7), "imap:1:");
  EXPECT_EQ("imap:1:" + item.ref, item.key);
  EXPECT_TRUE(item.server_id.starts_with("emailid:")) << item.server_id;
  EXPECT_EQ(item.size, server.body("A&APw-/b", 1).size());
  EXPECT_TRUE(item.received_at);
  EXPECT_EQ(item.keywords, (Strings{"$forwarded", "$seen", "mytag"}));
  ASSERT_EQ(item.places.size(), 1U);
  EXPECT_EQ(item.places[0].id, "A&APw-/b");
  EXPECT_FALSE(item.initial);
  const Event& mailbox = *std::find_if(told.events.begin(), told.events.end(),
                                       [](const Event& e) { return e.kind == EventKind::Mailbox; });
  EXPECT_EQ(mailbox.mailbox.path, (Strings{"Aü", "b"}));
  EXPECT_EQ(mailbox.mailbox.id, "A&APw-/b");
}

TEST(ImapList, CostsOneListWhenNothingIsNew) {
  for (const char* capabilities : {kEverything, kNoQresync}) {
    Listed account(capabilities);
    EXPECT_EQ(account.next(), Strings());
    EXPECT_EQ(account.server.count("LIST *"), 1U);
    EXPECT_EQ(account.server.count("EXAMINE *"), 0U);
    EXPECT_EQ(account.server.count("STATUS *"), 0U);
    EXPECT_EQ(account.server.count("UID *"), 0U);
    EXPECT_EQ(account.source.host.counted("ladder_unchanged"), 2U);
  }
}

TEST(ImapList, OpensNoEmptyMailbox) {
  ModelImapServer server;
  server.create("Empty");
  TestSource source(server.port());
  EXPECT_EQ(source.list().lines(), (Strings{"begin Empty", "end Empty", "begin INBOX", "end INBOX",
                                            "checkpoint Empty", "checkpoint INBOX"}));
  EXPECT_EQ(server.count("EXAMINE *"), 0U);
}

TEST(ImapList, AsksForAllFlagsOnlyWhereItMust) {
  Listed account(kNothing);
  const Strings lines = account.next();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) { return line.starts_with("keywords"); }),
            8);
  EXPECT_EQ(account.server.count("STATUS *"), 2U);
  EXPECT_EQ(account.server.count("UID FETCH 1:5 (UID FLAGS)"), 1U);
}

TEST(ImapList, LeavesFlagsAloneWhenToldTo) {
  Listed account(kNothing, {{"flags", "never"}});
  account.server.set_flags("INBOX", 1, "\\Seen");
  EXPECT_EQ(account.next(), Strings());
  EXPECT_EQ(account.server.count("EXAMINE *"), 0U);
}

TEST(ImapList, TakesUidsThatStartOverForOtherMessages) {
  Listed account(kEverything);
  const std::string before = account.told.item("INBOX", "1").key;
  account.server.change("INBOX", [](ModelMailbox& mailbox) {
    mailbox.messages = std::make_shared<std::vector<test::ModelMessage>>();
    mailbox.uidnext = 1;
  });
  account.server.append("INBOX", 2);
  EXPECT_EQ(account.next(), (Strings{"begin INBOX", "end INBOX", "begin INBOX", "listed INBOX 1",
                                     "listed INBOX 2", "end INBOX", "checkpoint INBOX"}));
  EXPECT_NE(account.told.item("INBOX", "1").key, before);
}

TEST(ImapList, TrustsNoModseqThatWentBack) {
  Listed account(kEverything);
  account.server.set_flags("INBOX", 1, "\\Seen");
  account.next();
  account.server.set_flags("INBOX", 2, "\\Seen");
  account.server.change("INBOX", [](ModelMailbox& mailbox) { mailbox.highestmodseq = 1; });
  const Strings lines = account.next();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "keywords INBOX 2 $seen"), 1);
  EXPECT_EQ(account.source.host.counted("ladder_plain"), 1U);
}

TEST(ImapList, ListsAllOthersWhenOneMailboxCannotBeOpened) {
  Listed account(kEverything);
  account.server.append("INBOX");
  account.server.append("Work");
  account.server.on({.command = "EXAMINE \"INBOX\"*",
                     .instead = "$tag NO [SERVERBUG] index is being rebuilt\r\n"});
  Told told;
  const Error error = account.source.list_failure(told, account.told);
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_NE(std::string(error.what()).find("mailbox INBOX"), std::string::npos) << error.what();
  EXPECT_EQ(told.lines(), (Strings{"listed Work 4", "checkpoint Work"}));
}

TEST(ImapList, CreditsNoRowsToAMailboxThatWasRefused) {
  Listed account(kNoCondstore);
  account.server.append("INBOX");
  // A server that keeps the mailbox before open: here Work's rows would come as INBOX's.
  account.server.on({.command = "EXAMINE \"INBOX\"*", .instead = "$tag NO no\r\n"});
  account.server.on({.command = "UID FETCH *",
                     .times = 2,
                     .instead = "* 1 FETCH (UID 6 FLAGS () RFC822.SIZE 5)\r\n$tag OK done\r\n"});
  Told told;
  account.source.list_failure(told, account.told);
  for (const std::string& line : told.lines()) {
    EXPECT_EQ(line.find("INBOX"), std::string::npos) << line;
  }
}

TEST(ImapList, InfersNoRemovalFromAViewThatIsCut) {
  Listed account(kNoCondstore);
  account.server.on(
      {.command = "UID FETCH 1:5 *", .instead = "* 1 FETCH (UID 1 FLAGS ())\r\n$tag OK done\r\n"});
  const Strings lines = account.next();
  EXPECT_EQ(account.told.count(EventKind::Removed), 0U);
  EXPECT_EQ(account.source.host.counted("partial_mailboxes"), 1U);
}

TEST(ImapList, EndsNoFirstListingOfAViewThatIsCut) {
  ModelImapServer server;
  server.append("INBOX", 5);
  server.on({.command = "UID FETCH 1:*",
             .instead = "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)\r\n$tag OK done\r\n"});
  server.on({.command = "UID FETCH 1:* *",
             .instead = "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)\r\n$tag OK done\r\n"});
  TestSource source(server.port());
  EXPECT_EQ(source.list().lines(), (Strings{"begin INBOX", "listed INBOX 1", "checkpoint INBOX"}));
}

TEST(ImapList, LooksAgainAtAViewThatWasCutThoughStatusIsTheSame) {
  for (const char* capabilities : {kEverything, kNoQresync, kNoCondstore}) {
    ModelImapServer server({.capabilities = capabilities});
    server.append("INBOX", 5);
    server.on({.command = "UID FETCH 1:* *",
               .instead = "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)\r\n$tag OK done\r\n"});
    TestSource source(server.port(), {{"flags", "never"}});
    Told told = source.list();
    server.on({.command = "UID SEARCH *", .instead = "* SEARCH 1\r\n$tag OK done\r\n"});
    server.on({.command = "UID SEARCH RETURN *",
               .instead = "* ESEARCH (TAG \"$tag\") UID ALL 1\r\n$tag OK done\r\n"});
    told = source.list(told);
    EXPECT_EQ(told.lines(), Strings()) << capabilities;
    EXPECT_EQ(source.host.counted("partial_mailboxes"), 2U) << capabilities;
    server.behave();
    told = source.list(told);
    EXPECT_EQ(told.lines(), (Strings{"listed INBOX 2", "listed INBOX 3", "listed INBOX 4",
                                     "listed INBOX 5", "checkpoint INBOX"}))
        << capabilities;
    server.forget_commands();
    EXPECT_EQ(source.list(told).lines(), Strings()) << capabilities;
    EXPECT_EQ(server.count("EXAMINE *"), 0U) << capabilities;
  }
}

TEST(ImapList, FailsAMailboxWithAnAnswerThatCannotBeRead) {
  Listed account(kEverything);
  account.server.append("INBOX");
  account.server.on({.command = "UID FETCH *", .before = "* 1 FETCH (UID 99999999999)\r\n"});
  Told told;
  account.source.list_failure(told, account.told);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
}

TEST(ImapList, TellsNothingWhenAnAnswerToListCannotBeRead) {
  Listed account(kEverything);
  account.server.remove("Work");
  account.server.on({.command = "LIST *", .before = "* LIST (((( x\r\n"});
  Told told;
  account.source.list_failure(told, account.told);
  EXPECT_EQ(told.count(EventKind::MailboxRemoved), 0U);
}

TEST(ImapList, FindsWhatWasChosenByRoleAndName) {
  ModelImapServer server;
  server.create("Gesendet", "\\Sent");
  server.create("Lists/a");
  server.create("Lists/b");
  TestSource source(
      server.port(),
      {{"mailboxes", {{"include", {"\\sent", "Lists/*"}}, {"exclude", {"Lists/b"}}}}});
  EXPECT_EQ(source.list().names, (Strings{"Gesendet", "Lists/a"}));
}

TEST(ImapList, OfGmailTakesEachMessageOnceWithItsLabels) {
  ModelImapServer server({.capabilities = std::string(kNoQresync) + " X-GM-EXT-1"});
  server.create("[Gmail]/All Mail", "\\All");
  server.create("[Gmail]/Spam", "\\Junk");
  server.create("Label");
  server.append("[Gmail]/All Mail", 2);
  server.set_labels("[Gmail]/All Mail", 1, "\\Inbox Work");
  server.copy("[Gmail]/All Mail", 1, "Label");
  TestSource source(server.port());
  const Told told = source.list();
  EXPECT_EQ(told.names, (Strings{"[Gmail]/All Mail", "[Gmail]/Spam"}));
  const Item& item = told.item("[Gmail]/All Mail", "1");
  EXPECT_TRUE(item.server_id.starts_with("gm:")) << item.server_id;
  EXPECT_EQ(item.attributes, (Pairs{{"gm-labels", "Work"}, {"gm-labels", "\\Inbox"}}));
  TestSource folders(server.port(), {{"gmail", "folders"}});
  EXPECT_EQ(folders.list().names.size(), 4U);
}

TEST(ImapList, OfGmailWithoutAllMailIsRefused) {
  ModelImapServer server({.capabilities = "X-GM-EXT-1"});
  TestSource source(server.port());
  Told told;
  EXPECT_EQ(source.list_failure(told).error_class(), ErrorClass::Config);
}

TEST(ImapList, HoldsManyNewMessagesBackForTheSecondPass) {
  Listed account(kEverything);
  account.server.append("INBOX", 12'000);
  account.server.expunge("Work", 1);
  const Strings lines = account.next();
  EXPECT_EQ(lines.at(0), "removed Work 1");
  EXPECT_EQ(account.told.count(EventKind::Listed), 12'000U);
  EXPECT_EQ(account.server.count("EXAMINE \"INBOX\"*"), 4U);  // changes, SEARCH, two parts
  EXPECT_EQ(account.next(), Strings());
}

TEST(ImapList, ListsALargeMailboxInPartsThatItWaitsFor) {
  ModelImapServer server;
  server.append("INBOX", 25'000);
  server.expunge("INBOX", 3);
  TestSource source(server.port());
  const Told told = source.list();
  EXPECT_EQ(told.count(EventKind::Listed), 24'999U);
  EXPECT_EQ(told.count(EventKind::ListingBegin), 1U);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 1U);
  EXPECT_EQ(server.count("UID FETCH 1:2,4:10001 *"), 1U);
  EXPECT_EQ(source.list(told).lines(), Strings());
}

/// What the answer to a listing of INBOX, which holds one message, says of that message after it was shown.
Told listed_with(ModelImapServer& server, const std::string& notices) {
  server.append("INBOX");
  server.on({.command = "UID FETCH *",
             .mailbox = "INBOX",
             .times = 1,
             .instead = "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jan-1970 00:00:00 +0000\" "
                        "RFC822.SIZE 9)\r\n" +
                        notices + "$tag OK [EXPUNGEISSUED] done\r\n"});
  return TestSource(server.port()).list();
}

TEST(ImapList, DoesNotTellAMessageThatVanishedWhileItWasListed) {
  ModelImapServer server;
  const Told told = listed_with(server, "* VANISHED 1\r\n");
  EXPECT_EQ(told.count(EventKind::Listed), 0U);
  EXPECT_EQ(told.count(EventKind::Removed), 0U);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 1U);
}

TEST(ImapList, SaysThatTheServerLeftOutTheFlags) {
  ModelImapServer server;
  server.append("INBOX", 2);
  server.on({.command = "UID FETCH 1:* *",
             .instead = "* 1 FETCH (UID 1 FLAGS (\\Seen) RFC822.SIZE 9)\r\n"
                        "* 2 FETCH (UID 2 RFC822.SIZE 9)\r\n$tag OK done\r\n"});
  TestSource source(server.port());
  EXPECT_EQ(source.list().count(EventKind::Listed), 2U);
  EXPECT_EQ(source.host.counted("messages_without_flags"), 1U);
}

TEST(ImapList, TellsTheFlagsThatAMessageGotWhileItWasListed) {
  ModelImapServer server;
  const Told told = listed_with(server, "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n");
  EXPECT_EQ(told.item("INBOX", "1").keywords, Strings{"$seen"});
}

TEST(ImapList, FindsMessagesThatItNeverListed) {
  Listed account(kNoCondstore, {{"flags", "never"}});
  Told told = account.told;
  account.server.forget_commands();
  for (Event& event : told.events) {  // as if UIDs 2 and 3 had not been shown
    const std::string::size_type at = event.cursor.find("1:5");
    if (at != std::string::npos) {
      event.cursor.replace(at, 3, "1,4:5");
    }
  }
  account.server.expunge("INBOX", 5);
  EXPECT_EQ(account.source.list(told).lines(),
            (Strings{"removed INBOX 5", "listed INBOX 2", "listed INBOX 3", "checkpoint INBOX"}));
}

TEST(ImapList, AsksAgainWithoutWhatTheServerRefuses) {
  Listed account(kEverything);
  account.server.set_flags("INBOX", 1, "\\Seen");
  account.server.on({.command = "EXAMINE \"INBOX\" (QRESYNC*", .instead = "$tag BAD what?\r\n"});
  const Strings lines = account.next();
  EXPECT_EQ(lines, (Strings{"keywords INBOX 1 $seen", "checkpoint INBOX"}));
}

TEST(ImapList, FallsBackWhereListWithReturnIsRefused) {
  Listed account(kEverything);
  account.server.on({.command = "LIST * RETURN *", .instead = "$tag BAD no\r\n"});
  account.server.append("INBOX");
  EXPECT_EQ(account.next(), (Strings{"listed INBOX 6", "checkpoint INBOX"}));
  EXPECT_EQ(account.server.count("STATUS *"), 2U);
}

TEST(ImapList, AsksForAllChangedMailboxesInOneFlight) {
  ModelImapServer server;
  for (int i = 0; i < 200; ++i) {
    server.create("f" + std::to_string(i));
    server.append("f" + std::to_string(i), 2);
  }
  TestSource source(server.port());
  Told told = source.list();
  EXPECT_EQ(told.count(EventKind::Listed), 400U);
  EXPECT_EQ(server.count("EXAMINE *"), 200U);
  EXPECT_EQ(server.count("UID FETCH *"), 200U);
  EXPECT_EQ(server.count("LIST *"), 1U);
}

TEST(ImapList, SaysWhatBecameOfTheMailboxes) {
  Listed account(kEverything);
  account.server.append("INBOX");
  account.next();
  ASSERT_FALSE(account.source.host.logged().empty());
  EXPECT_TRUE(account.source.host.logged().back().ends_with(
      ": 2 mailboxes: 1 unchanged, 1 updated by QRESYNC"))
      << account.source.host.logged().back();
}

TEST(ImapList, SaysWhatItFoundWhenChecked) {
  ModelImapServer server;
  server.create("Work");
  TestSource source(server.port(), {{"mailboxes", {{"exclude", {"Work"}}}}});
  source.source->check();
  ASSERT_FALSE(source.host.logged().empty());
  EXPECT_NE(source.host.logged().back().find("2 mailboxes, 1 chosen; changes are found by QRESYNC"),
            std::string::npos)
      << source.host.logged().back();
}

}  // namespace
}  // namespace mailpipe::imap
