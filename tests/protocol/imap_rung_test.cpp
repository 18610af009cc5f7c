// What changed in a mailbox, found with what the server can: QRESYNC, CONDSTORE, neither.
#include "imap_listed.hpp"

namespace mailpipe::imap {
namespace {

/// What changes in a mailbox, on each rung, and which counter says so.
struct RungCase {
  const char* capabilities;
  const char* counter;
  std::size_t fetches;
};

class ImapRung : public ::testing::TestWithParam<RungCase> {};

TEST_P(ImapRung, TellsANewMessage) {
  Listed account(GetParam().capabilities, {{"flags", "never"}});
  account.server.append("Work", 1);
  EXPECT_EQ(account.next(), (Strings{"listed Work 4", "checkpoint Work"}));
  EXPECT_EQ(account.server.count("EXAMINE *"), 1U);
  EXPECT_EQ(account.next(), Strings());
}

TEST_P(ImapRung, TellsAChangedFlag) {
  Listed account(GetParam().capabilities);
  account.server.set_flags("Work", 2, "\\Seen \\Flagged");
  Strings lines = account.next();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "keywords Work 2 $flagged $seen"), 1);
  EXPECT_EQ(account.source.host.counted(GetParam().counter) != 0, true);
  EXPECT_EQ(account.server.count("UID FETCH *"), GetParam().fetches);
}

TEST_P(ImapRung, TellsARemoval) {
  Listed account(GetParam().capabilities, {{"flags", "never"}});
  account.server.expunge("INBOX", 2);
  account.server.expunge("INBOX", 5);
  EXPECT_EQ(account.next(), (Strings{"removed INBOX 2", "removed INBOX 5", "checkpoint INBOX"}));
  EXPECT_EQ(account.next(), Strings());
}

TEST_P(ImapRung, TellsRemovalsOfAllMailboxesBeforeNewMessages) {
  Listed account(GetParam().capabilities, {{"flags", "never"}});
  account.server.move("Work", 2, "INBOX");
  EXPECT_EQ(account.next(),
            (Strings{"removed Work 2", "listed INBOX 6", "checkpoint INBOX", "checkpoint Work"}));
}

TEST_P(ImapRung, TellsWhatCameAndWentTogether) {
  Listed account(GetParam().capabilities, {{"flags", "never"}});
  account.server.append("INBOX", 3);
  account.server.expunge("INBOX", 7);
  account.server.expunge("INBOX", 1);
  EXPECT_EQ(account.next(),
            (Strings{"removed INBOX 1", "listed INBOX 6", "listed INBOX 8", "checkpoint INBOX"}));
  EXPECT_EQ(account.next(), Strings());
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapRung,
                         ::testing::Values(RungCase{kEverything, "ladder_qresync", 0},
                                           RungCase{kNoQresync, "ladder_condstore", 1},
                                           RungCase{kNoCondstore, "ladder_plain", 2},
                                           RungCase{kNothing, "ladder_plain", 2}),
                         [](const auto& rung) { return "Rung" + std::to_string(rung.index); });

}  // namespace
}  // namespace mailpipe::imap
