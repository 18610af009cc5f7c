#include "pipeline/mishap_imap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// What servers tell of their mailboxes and messages does not add up, or comes when nobody asked.
class ImapListing : public ImapMishap {
 protected:
  static constexpr const char* kRows = "UID FETCH 1:* *RFC822.SIZE*";

  /// The listing of INBOX in full, FETCH rows with their CRLF.
  void list_inbox_as(const std::string& rows) {
    model_->on({.command = kRows, .mailbox = "INBOX", .instead = rows + "$tag OK done\r\n"});
  }

  static std::string row(int uid, const std::string& flags = "()",
                         const std::string& date = "\"01-Feb-2020 10:00:00 +0000\"") {
    const std::string number = std::to_string(uid);
    return "* " + number + " FETCH (UID " + number + " FLAGS " + flags + " INTERNALDATE " + date +
           " RFC822.SIZE 130)\r\n";
  }

  /// The info behind ":2," of the file with that body.
  std::string info_of(const std::string& body) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(mail_)) {
      if (entry.is_regular_file() && text_of(entry.path()) == body) {
        const std::string name = entry.path().filename();
        const std::size_t at = name.rfind(",");
        return at == std::string::npos ? "" : name.substr(at + 1);
      }
    }
    return "no such file";
  }

  /// A run after each kind of change ends as the account is.
  void expect_changes_are_seen() {
    expect_all_is_well();
    model_->set_flags("INBOX", 1, "\\Seen");
    model_->append("INBOX");
    expect_all_is_well();
    EXPECT_EQ(info_of(model_->body("INBOX", 1)), "S");
    model_->set_flags("INBOX", 1, "\\Seen \\Flagged");
    expect_all_is_well();
    EXPECT_EQ(info_of(model_->body("INBOX", 1)), "FS");
  }
};

TEST_F(ImapListing, WithHighestmodseqZeroSeesChanges) {
  model_->on({.command = "LIST *",
              .instead = "* LIST () \"/\" \"INBOX\"\r\n* LIST () \"/\" \"Archive\"\r\n$tag OK "
                         "done\r\n"});
  model_->on({.command = "STATUS \"INBOX\" *",
              .times = 1,
              .instead = "* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 1001 HIGHESTMODSEQ "
                         "0)\r\n$tag OK done\r\n"});
  expect_changes_are_seen();
}

TEST_F(ImapListing, WithNomodseqSeesChanges) {
  model_->on({.command = "EXAMINE \"INBOX\"*", .before = "* OK [NOMODSEQ] none here\r\n"});
  expect_changes_are_seen();
}

TEST_F(ImapListing, WithAHighestmodseqThatWentBackSeesChanges) {
  model_->change("INBOX", [](ModelMailbox& there) { there.highestmodseq = 900; });
  expect_all_is_well();
  model_->change("INBOX", [](ModelMailbox& there) { there.highestmodseq = 5; });
  expect_changes_are_seen();
}

TEST_F(ImapListing, WithoutAnyExtensionSeesChanges) {
  start_with("");
  expect_changes_are_seen();
}

TEST_F(ImapListing, WithoutUidnextFindsWhatIsNew) {
  start_with("");
  model_->on({.command = "STATUS *INBOX*",
              .times = 1,
              .instead = "* STATUS \"INBOX\" (MESSAGES 3 UIDVALIDITY 1001)\r\n$tag OK done\r\n"});
  expect_all_is_well();
  model_->behave();
  model_->append("INBOX");
  model_->on({.command = "STATUS *INBOX*",
              .instead = "* STATUS \"INBOX\" (MESSAGES 4 UIDVALIDITY 1001)\r\n$tag OK done\r\n"});
  expect_all_is_well();
}

TEST_F(ImapListing, WithMessagesThatDoNotAddUpFindsAll) {
  start_with("");
  for (const char* messages : {"10", "1", "0"}) {
    model_->behave();
    model_->append("INBOX");
    model_->on({.command = "STATUS *INBOX*",
                .instead = std::string("* STATUS \"INBOX\" (MESSAGES ") + messages +
                           " UIDNEXT 400 UIDVALIDITY 1001)\r\n$tag OK done\r\n"});
    run();
  }
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapListing, WithoutStatusFailsTheMailboxAloneAndNamesIt) {
  start_with("");
  model_->on({.command = "STATUS *INBOX*", .instead = "$tag OK done\r\n"});
  expect_end(run(), 1, {"127.0.0.1, mailbox INBOX", "does not tell its STATUS"});
  EXPECT_EQ(stored().size(), 2U) << "Archive is stored";
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapListing, WithUidvalidityZeroFailsTheMailboxAlone) {
  start_with("");
  model_->on({.command = "STATUS *INBOX*",
              .instead = "* STATUS \"INBOX\" (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 0)\r\n$tag OK "
                         "done\r\n"});
  expect_end(run(), 1, {"127.0.0.1, mailbox INBOX"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapListing, WithAnotherUidvalidityThanStatusSaidIsTriedAgain) {
  model_->on({.command = "EXAMINE \"INBOX\"*",
              .times = 1,
              .instead = "* 3 EXISTS\r\n* OK [UIDVALIDITY 77] x\r\n* OK [UIDNEXT 4] x\r\n$tag OK "
                         "[READ-ONLY] done\r\n"});
  expect_all_is_well({.budget = "1m"});
}

// Yahoo shows 10,000 messages of a mailbox.
TEST_F(ImapListing, ThatShowsFewerMessagesThanExistIsToldAndRemovesNothing) {
  list_inbox_as(row(2) + row(3));
  const Finished result = run();
  EXPECT_TRUE(contains(result.err, "shows 2 of 3 messages")) << result.err;
  EXPECT_EQ(stored().size(), 4U);
  EXPECT_EQ(counted("gone"), 0U);
  model_->append("INBOX");
  expect_whole_after_a_quiet_run();
}

// RFC 9738 (Yahoo): a command is about so many messages only, the youngest.
TEST_F(ImapListing, WithAMessageLimitIsToldAndTheNextRunFindsTheRest) {
  model_->on({.command = kRows,
              .mailbox = "INBOX",
              .instead = row(2) + row(3) + "$tag OK [MESSAGELIMIT 2 2] partial result\r\n"});
  const Finished result = run();
  EXPECT_TRUE(contains(result.err, "shows 2 of 3 messages")) << result.err;
  EXPECT_EQ(counted("gone"), 0U);
  expect_all_is_well();
}

TEST_F(ImapListing, OfUidsThatNeedAllThirtyTwoBitsIsRead) {
  model_->change("INBOX", [](ModelMailbox& there) { there.uidnext = 2'147'483'647; });
  model_->append("INBOX", 3);
  expect_all_is_well();
  model_->change("INBOX", [](ModelMailbox& there) { there.uidnext = 4'294'967'290; });
  model_->append("INBOX", 3);
  expect_all_is_well();
  model_->set_flags("INBOX", 4'294'967'290, "\\Seen");
  expect_all_is_well();
  EXPECT_EQ(info_of(model_->body("INBOX", 4'294'967'290)), "S");
}

TEST_F(ImapListing, OfAServerThatPutsOtherMessagesUnderItsUidsLosesNoCopy) {
  expect_all_is_well();
  const std::multiset<std::string> before = stored();
  model_->change("INBOX", [](ModelMailbox& there) {
    auto messages = std::make_shared<std::vector<ModelMessage>>(*there.messages);
    for (ModelMessage& message : *messages) {
      message.content += 1000;
    }
    there.messages = messages;
  });
  model_->append("INBOX");
  expect_end(run(), 0);
  std::multiset<std::string> after = before;
  after.insert(model_->body("INBOX", 4));
  expect_stored(after);
}

TEST_F(ImapListing, WithARowThatCannotBeReadFailsTheMailboxAlone) {
  list_inbox_as(row(1) + row(2, "({x})") + row(3));
  expect_end(run(), 1, {"127.0.0.1, mailbox INBOX", "cannot be read"});
  EXPECT_EQ(stored().count(model_->body("Archive", 1)), 1U);
  expect_whole_after_a_quiet_run();
}

struct Unasked {
  const char* name;
  const char* line;
};

class ImapUnasked : public ImapListing, public testing::WithParamInterface<Unasked> {};

TEST_P(ImapUnasked, AtAnyTimeLosesNothing) {
  for (const char* command : {"LIST *", "EXAMINE *", "UID *", "CAPABILITY*", "NOOP*"}) {
    model_->on({.command = command, .before = std::string(GetParam().line) + "\r\n"});
  }
  const Options patient{.budget = "1m"};
  run(patient);
  expect_whole();
  model_->append("INBOX", 2);
  model_->set_flags("INBOX", 2, "\\Seen");
  run(patient);
  expect_whole();
  expect_whole_after_a_quiet_run();
  EXPECT_EQ(info_of(model_->body("INBOX", 2)), "S");
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ImapUnasked,
    testing::Values(Unasked{"Expunge", "* 1 EXPUNGE"}, Unasked{"Exists", "* 50 EXISTS"},
                    Unasked{"FewerExist", "* 0 EXISTS"}, Unasked{"Recent", "* 5 RECENT"},
                    Unasked{"FourBillionExist", "* 4294967295 EXISTS"},
                    Unasked{"AppendUid", "* OK [APPENDUID 1001 1:900] done"},
                    Unasked{"CopyUid", "* OK [COPYUID 1001 1:3 900:902] done"},
                    Unasked{"Fetch", "* 2 FETCH (FLAGS (\\Answered))"},
                    Unasked{"FetchWithUid", "* 2 FETCH (UID 2 FLAGS (\\Seen))"},
                    Unasked{"FetchOfAnother", "* 9 FETCH (UID 900 FLAGS (\\Seen) MODSEQ (99))"},
                    Unasked{"VanishedOfNobody", "* VANISHED 4000:5000"},
                    Unasked{"VanishedEarlierOfNobody", "* VANISHED (EARLIER) 4000:5000"},
                    Unasked{"Search", "* SEARCH 900 901 "},
                    Unasked{"EsearchOfAnotherTag", "* ESEARCH (TAG \"X9\") UID ALL 900:901"},
                    Unasked{"Status", "* STATUS \"Elsewhere\" (MESSAGES 7)"},
                    Unasked{"Flags", "* FLAGS (\\Seen a b)"}),
    [](const auto& row) { return std::string(row.param.name); });

// A lie about what is there: it counts as removed, an archive keeps it, and the next listing has it again.
TEST_F(ImapListing, WithAVanishedThatLiesKeepsTheCopy) {
  expect_all_is_well();
  model_->append("INBOX");
  model_->on({.command = "EXAMINE *INBOX*", .times = 1, .before = ""});
  model_->on(
      {.command = "UID FETCH *", .mailbox = "INBOX", .times = 1, .before = "* VANISHED 1\r\n"});
  run();
  expect_whole();
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapListing, WithFlagsOfAnyAtomsIsRead) {
  list_inbox_as(row(1, "(\\Seen $Forwarded NonJunk OIB-Seen-[Gmail]/Spam)") +
                row(2, "(a%b c{d \\Weird \\*)") + row(3, "(\\Recent NIL 123)"));
  expect_all_is_well();
  EXPECT_TRUE(contains(info_of(model_->body("INBOX", 1)), "S"));
}

TEST_F(ImapListing, WithDatesOutOfRangeIsRead) {
  list_inbox_as(row(1, "()", "\"31-Feb-2020 25:61:61 +9999\"") +
                row(2, "()", "\" 1-Jan-0000 00:00:00 +0000\"") +
                row(3, "()", "\"01-Jan-9999 00:00:00 +0000\""));
  expect_all_is_well();
}

TEST_F(ImapListing, WithoutDatesIsRead) {
  list_inbox_as(row(1, "()", "NIL") + row(2, "()", "\"\"") + row(3, "()", "\"yesterday\""));
  expect_all_is_well();
}

TEST_F(ImapListing, ThatGivesTheSameUidTwiceStoresItOnce) {
  list_inbox_as(row(1) + row(1) + row(2) + row(3) + row(2));
  expect_all_is_well();
}

TEST_F(ImapListing, ThatGivesOneUidToTwoMessagesFailsTheMailboxAlone) {
  const std::string other = "* 3 FETCH (UID 2 FLAGS () RFC822.SIZE 131)\r\n";
  list_inbox_as(row(1) + row(2) + other);
  expect_end(run(), 1, {"127.0.0.1, mailbox INBOX", "two messages have the UID 2"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapListing, InAnyOrderIsRead) {
  list_inbox_as(row(3) + row(1) + row(2));
  expect_all_is_well();
}

TEST_F(ImapListing, InPartsOfARowIsRead) {
  list_inbox_as(
      "* 1 FETCH (UID 1 FLAGS ())\r\n* 1 FETCH (UID 1 RFC822.SIZE 130 INTERNALDATE "
      "\"01-Feb-2020 10:00:00 +0000\")\r\n" +
      row(2) + row(3));
  expect_all_is_well();
}

// Yahoo.
TEST_F(ImapListing, WithATrailingSpaceInSearchIsRead) {
  start_with("CONDSTORE ENABLE");
  expect_all_is_well();
  model_->expunge("INBOX", 2);
  model_->append("INBOX");
  model_->on({.command = "UID SEARCH *",
              .mailbox = "INBOX",
              .instead = "* SEARCH 1 3 4 \r\n$tag OK done\r\n"});
  run();
  EXPECT_EQ(counted("gone"), 1U) << printed_;
}

// iCloud answers an unlimited search with sequence numbers.
TEST_F(ImapListing, AsksForUidsOnlyWithinUids) {
  start_with("CONDSTORE ENABLE");
  expect_all_is_well();
  model_->expunge("INBOX", 2);
  expect_end(run(), 0);
  EXPECT_GE(model_->count("UID SEARCH UID 1:*"), 1U);
  EXPECT_EQ(counted("gone"), 1U);
}

// Proton Bridge knows no ENABLE; others announce what they refuse.
TEST_F(ImapListing, GoesOnWithoutWhatTheServerRefuses) {
  for (const char* command : {"ID *", "ENABLE *", "NAMESPACE*", "LIST * RETURN *"}) {
    model_->on({.command = command, .instead = "$tag BAD unknown command\r\n"});
  }
  expect_changes_are_seen();
}

TEST_F(ImapListing, OfNamespacesThatAreNilIsRead) {
  model_->on({.command = "NAMESPACE*", .instead = "* NAMESPACE NIL NIL NIL\r\n$tag OK done\r\n"});
  expect_all_is_well();
}

// Proton Bridge, a restored server.
TEST_F(ImapListing, WithNewUidsForTheSameMessagesStoresNothingTwice) {
  start_with("LITERAL+ ESEARCH LIST-EXTENDED LIST-STATUS CONDSTORE ENABLE");
  expect_all_is_well();
  model_->set_uidvalidity("INBOX", 5000);
  model_->change("INBOX", [](ModelMailbox& there) {
    for (ModelMessage& message : *there.messages) {
      message.uid += 100;
    }
    there.uidnext += 100;
  });
  expect_all_is_well();
}

TEST_F(ImapListing, ThatLogsInWithoutUsIsRead) {
  ModelOptions options;
  options.greeting = "* PREAUTH [CAPABILITY $capabilities] welcome\r\n";
  start(std::move(options));
  expect_all_is_well();
}

}  // namespace
}  // namespace mailpipe::test
