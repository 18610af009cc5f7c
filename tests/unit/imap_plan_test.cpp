#include "cursor.hpp"
#include "stream_match.hpp"
#include "sync_plan.hpp"

#include <gtest/gtest.h>

namespace mailpipe::imap {
namespace {

using Strings = std::vector<std::string>;

MailboxCursor sample() {
  MailboxCursor cursor;
  cursor.name = "Archive/&ZeVnLIqe- 100%\xFF\n";
  cursor.mailbox_id = "M1";
  cursor.uid_validity = 4294967295U;
  cursor.epoch = 2;
  cursor.uid_next = 11;
  cursor.highest_modseq = 1ULL << 62U;
  cursor.messages = 10;
  cursor.known.add({1, 10});
  return cursor;
}

StatusData status_of(const MailboxCursor& cursor) {
  StatusData status;
  status.uid_validity = cursor.uid_validity;
  status.uid_next = cursor.uid_next;
  status.messages = cursor.messages;
  status.highest_modseq = cursor.highest_modseq;
  return status;
}

Dialect dialect(bool condstore, bool qresync) {
  Dialect out;
  out.condstore = condstore;
  out.qresync = qresync;
  return out;
}

TEST(MailboxCursor, ReadsWhatItWrote) {
  EXPECT_EQ(MailboxCursor::from_text(sample().to_text()), sample());
  MailboxCursor empty = sample();
  empty.known = {};
  EXPECT_EQ(MailboxCursor::from_text(empty.to_text()), empty);
  MailboxCursor partial = sample();
  partial.partial = true;
  EXPECT_EQ(MailboxCursor::from_text(partial.to_text()), partial);
}

TEST(MailboxCursor, OfARemovedMailboxKeepsItsEpoch) {
  MailboxCursor gone = sample();
  gone.gone = true;
  const auto read = MailboxCursor::from_text(gone.to_text());
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->gone);
  EXPECT_EQ(read->epoch, 2U);
}

TEST(MailboxCursor, TakesNothingThatIsNotItsOwn) {
  for (
      const char* text :
      {"", "{}", "[]", "null", R"({"v":2})", R"({"v":1,"name":5,"uidvalidity":1,"epoch":0})",
       R"({"v":1,"name":"a","uidvalidity":1,"epoch":0,"uidnext":1,"highestmodseq":0,"messages":0,"uids":"x"})"}) {
    EXPECT_FALSE(MailboxCursor::from_text(text)) << text;
  }
}

TEST(ImapLadder, DoesNothingWhereStatusIsTheSame) {
  EXPECT_EQ(rung_for(status_of(sample()), sample(), dialect(true, true), FlagScan::EachRun),
            Rung::Unchanged);
}

TEST(ImapLadder, LooksAgainWhereNotAllWasShown) {
  MailboxCursor partial = sample();
  partial.partial = true;
  EXPECT_EQ(rung_for(status_of(partial), partial, dialect(true, true), FlagScan::Never),
            Rung::QResync);
}

TEST(ImapLadder, TakesTheBestThatTheServerHas) {
  StatusData now = status_of(sample());
  now.highest_modseq = *now.highest_modseq + 1;
  EXPECT_EQ(rung_for(now, sample(), dialect(true, true), FlagScan::EachRun), Rung::QResync);
  EXPECT_EQ(rung_for(now, sample(), dialect(true, false), FlagScan::EachRun), Rung::CondStore);
  EXPECT_EQ(rung_for(now, sample(), dialect(false, false), FlagScan::EachRun), Rung::Plain);
}

TEST(ImapLadder, LooksAtAllFlagsWhereNothingTellsThatTheyChanged) {
  const StatusData same = status_of(sample());
  EXPECT_EQ(rung_for(same, sample(), dialect(false, false), FlagScan::EachRun), Rung::Plain);
  EXPECT_EQ(rung_for(same, sample(), dialect(false, false), FlagScan::Never), Rung::Unchanged);
}

TEST(ImapLadder, TrustsNoModseqThatIsZeroOrWentBack) {
  StatusData now = status_of(sample());
  now.highest_modseq = 0;
  EXPECT_EQ(rung_for(now, sample(), dialect(true, true), FlagScan::EachRun), Rung::Plain);
  now.highest_modseq = sample().highest_modseq - 1;
  EXPECT_EQ(rung_for(now, sample(), dialect(true, true), FlagScan::EachRun), Rung::Plain);
  now.highest_modseq.reset();
  EXPECT_EQ(rung_for(now, sample(), dialect(true, true), FlagScan::EachRun), Rung::Plain);
}

TEST(ImapLadder, SeesThatAnEpochIsOver) {
  StatusData now = status_of(sample());
  EXPECT_FALSE(epoch_is_over(now, sample()));
  now.uid_next = 10;  // the mailbox was restored from an older copy: UIDs come a second time
  EXPECT_TRUE(epoch_is_over(now, sample()));
  now = status_of(sample());
  now.uid_validity = 1;
  EXPECT_TRUE(epoch_is_over(now, sample()));
}

TEST(ImapLadder, KnowsWhenNewMessagesExplainTheNumber) {
  StatusData now = status_of(sample());
  EXPECT_TRUE(adds_up(now, sample()));
  now.uid_next = 13;
  EXPECT_FALSE(adds_up(now, sample()));
  now.messages = 12;
  EXPECT_TRUE(adds_up(now, sample()));
}

MailboxInfo mailbox(const std::string& name, const std::string& id = {}) {
  MailboxInfo info;
  info.name = name;
  info.mailbox_id = id;
  return info;
}

Cursor stream(StreamId number, const std::string& name, const std::string& now_named,
              const std::string& id = {}) {
  MailboxCursor cursor = sample();
  cursor.name = now_named;
  cursor.mailbox_id = id;
  return {number, name, cursor.to_text()};
}

TEST(ImapStreams, AreFoundByName) {
  StreamMatch match({stream(1, "INBOX", "INBOX"), stream(2, "a", "a")});
  const auto found = match.match({mailbox("a"), mailbox("Inbox"), mailbox("b")});
  EXPECT_EQ(found[0].stream_name, "a");
  EXPECT_EQ(found[1].stream_name, "INBOX");
  EXPECT_EQ(found[2].stream_name, "b");
  EXPECT_TRUE(found[1].before);
  EXPECT_FALSE(found[2].before);
}

TEST(ImapStreams, FollowARenameByMailboxId) {
  StreamMatch match({stream(1, "a", "a", "M1")});
  const auto found = match.match({mailbox("b", "M1")});
  EXPECT_EQ(found[0].stream_name, "a");
  EXPECT_TRUE(match.known()[0].taken);
}

TEST(ImapStreams, AreFoundByTheLaterNameWhenTheServerForgetsItsIds) {
  StreamMatch match({stream(1, "a", "b", "M1")});
  EXPECT_EQ(match.match({mailbox("b")})[0].stream_name, "a");
}

TEST(ImapStreams, OfANewMailboxUnderARenamedOnesOldNameIsAnother) {
  StreamMatch match({stream(1, "a", "a", "M1")});
  const auto found = match.match({mailbox("a", "M2"), mailbox("b", "M1")});
  EXPECT_EQ(found[0].stream_name, "a (2)");
  EXPECT_FALSE(found[0].before);
  EXPECT_EQ(found[1].stream_name, "a");
}

Strings names_for(const Cursors& cursors, const std::vector<MailboxInfo>& mailboxes) {
  Strings out;
  for (const StreamMatch::Match& each : StreamMatch(cursors).match(mailboxes)) {
    out.push_back(each.stream_name);
  }
  return out;
}

// A run that was killed in a first listing leaves no more than the stream's name.
TEST(ImapStreams, OfAListingThatBrokeOffAreFoundByTheNameAheadOfTheirNumber) {
  const Cursors moved = {stream(1, "a", "b", "M1"), Cursor{2, "a (2)", ""}};
  EXPECT_EQ(names_for(moved, {mailbox("a"), mailbox("b")}), (Strings{"a (2)", "a"}));
  EXPECT_EQ(names_for(moved, {mailbox("a"), mailbox("a (2)")}), (Strings{"a (3)", "a (2)"}));
  const Cursors twice = {stream(1, "a", "b", "M1"), stream(2, "a (2)", "c", "M2"),
                         Cursor{3, "a (3)", ""}};
  EXPECT_EQ(names_for(twice, {mailbox("a")}), Strings{"a (3)"});
}

TEST(ImapStreams, OfAListingThatBrokeOffAreTheirsWhoAreCalledSo) {
  const std::vector<MailboxInfo> both = {mailbox("a"), mailbox("a (2)")};
  const Strings own = {"a", "a (2)"};
  EXPECT_EQ(names_for({Cursor{1, "a", ""}, Cursor{2, "a (2)", ""}}, both), own);
  EXPECT_EQ(names_for({Cursor{1, "a (2)", ""}, Cursor{2, "a", ""}}, both), own);
  EXPECT_EQ(names_for({stream(1, "a", "a"), Cursor{2, "a (2)", ""}}, both), own);
  EXPECT_EQ(names_for({Cursor{1, "a (2)", ""}}, both), own);
  EXPECT_EQ(names_for({stream(1, "a", "a"), Cursor{2, "a (2)", ""}}, {mailbox("a (2)")}),
            Strings{"a (2)"});
}

TEST(ImapStreams, OfAMailboxThatWasDeletedAndMadeAgainBeginANewEpoch) {
  StreamMatch match({stream(1, "a", "a", "M1")});
  const auto found = match.match({mailbox("a", "M2")});
  EXPECT_EQ(found[0].stream_name, "a");
  EXPECT_EQ(found[0].before->uid_validity, 0U);
}

TEST(ImapStreams, AreUnsureWhereANameIsGoneOrHasAnotherUidValidity) {
  const auto unsure = [](const std::vector<MailboxInfo>& mailboxes) {
    return StreamMatch({stream(1, "a", "a", "M1"), stream(2, "b", "b", "M2")}).unsure(mailboxes);
  };
  EXPECT_FALSE(unsure({mailbox("a"), mailbox("b")}));
  EXPECT_FALSE(unsure({mailbox("a"), mailbox("b"), mailbox("c")}));
  EXPECT_TRUE(unsure({mailbox("a"), mailbox("c")}));
  MailboxInfo other = mailbox("a");
  other.status = StatusData{.uid_validity = 5};
  EXPECT_TRUE(unsure({other, mailbox("b"), mailbox("c")}));
}

TEST(ImapStreams, AreNeverGuessedByUidValidity) {
  StreamMatch match({stream(1, "a", "a")});
  EXPECT_FALSE(match.match({mailbox("b")})[0].before);
  EXPECT_FALSE(match.known()[0].taken);
}

}  // namespace
}  // namespace mailpipe::imap
