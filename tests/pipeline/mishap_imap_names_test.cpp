#include "pipeline/mishap_imap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// Mailbox names and LIST answers as servers should not send them, and what becomes of them on the disk.
class ImapName : public ImapMishap {
 protected:
  /// A mailbox with one message.
  void create_with_mail(const std::string& mailbox) {
    create(mailbox);
    model_->append(mailbox);
  }

  bool has_folder(const std::string& path) const {
    return std::filesystem::is_directory(mail_ / path / "cur");
  }

  void say_in_list(const std::string& line) {
    model_->on({.command = "LIST *", .before = line + "\r\n"});
  }

  void expect_nothing_outside() const {
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      const std::string name = entry.path().filename();
      EXPECT_TRUE(name == "mail" || name == "state" || name == "demo.yaml" || name == "report.json")
          << name;
    }
  }
};

TEST_F(ImapName, InModifiedUtf7AreKept) {
  create_with_mail("B&APw-cher &- mehr");
  create_with_mail("&ZeVnLIqe-");
  expect_all_is_well();
  EXPECT_TRUE(has_folder("B&APw-cher &- mehr"));
  EXPECT_TRUE(has_folder("&ZeVnLIqe-"));
}

// Dovecot set up wrongly, Proton Bridge.
TEST_F(ImapName, InRawUtf8AreTheSameFolder) {
  create_with_mail("B\xc3\xbc\x63her");
  expect_all_is_well();
  EXPECT_TRUE(has_folder("B&APw-cher"));
}

// Yandex, Stalwart.
TEST_F(ImapName, InWrongModifiedUtf7AreKeptAsTheyAreAndCopied) {
  create_with_mail("Tom & Jerry");
  create_with_mail("&AGE");
  create_with_mail("&2D0-");
  create_with_mail("&*-");
  expect_all_is_well();
  EXPECT_TRUE(has_folder("Tom &- Jerry"));
  EXPECT_TRUE(has_folder("&-AGE"));
}

TEST_F(ImapName, ThatAreNoTextAreCopied) {
  create_with_mail("caf\xe9 \xff\xfe");
  expect_all_is_well();
}

// Yahoo.
TEST_F(ImapName, OfInboxAreOneInAnySpelling) {
  model_->on({.command = "LIST *",
              .instead =
                  "* LIST () \"/\" Inbox\r\n* STATUS iNBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY "
                  "1001 HIGHESTMODSEQ 2)\r\n* LIST () \"/\" \"Archive\"\r\n* STATUS "
                  "\"Archive\" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 1002 HIGHESTMODSEQ "
                  "2)\r\n$tag OK done\r\n"});
  expect_all_is_well();
  EXPECT_TRUE(has_folder("INBOX"));
  EXPECT_EQ(folders().size(), 2U);
  model_->behave();
  expect_all_is_well();
  EXPECT_EQ(folders().size(), 2U);
}

TEST_F(ImapName, WithANulEndTheRunWithExit1AndTheOthersAreStored) {
  using std::string_literals::operator""s;
  say_in_list("* LIST () \"/\" {3}\r\na\0c"s);
  expect_end(run(), 1, {"127.0.0.1", "LIST"});
  expect_whole();
  EXPECT_FALSE(has_folder("a"));
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapName, ThatClimbOutOfTheFolderStayInIt) {
  for (const char* name : {"../../etc", "..", "a/../../b", "/absolute", "/", "~", "./x", "a//b",
                           ".hidden", "trailing.", "-rf"}) {
    create_with_mail(name);
  }
  expect_all_is_well();
  expect_nothing_outside();
}

TEST_F(ImapName, WithTheWordsOfAMaildirAreFoldersOfTheirOwn) {
  for (const char* name : {"cur", "new", "tmp", "INBOX/cur", "Archive/new"}) {
    create_with_mail(name);
  }
  expect_all_is_well();
}

TEST_F(ImapName, WithControlCharactersAreNotPrinted) {
  create_with_mail("evil\x1b[2J\x07\tname");
  model_->on({.command = "EXAMINE *evil*", .instead = "$tag NO broken\r\n"});
  const Finished result = run();
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapName, OfTenKilobytesDoNotKeepTheOthersFromBeingStored) {
  create_with_mail(std::string(10'000, 'n'));
  const Finished result = run();
  EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 1 || result.exit_code == 3)
      << result.exit_code << result.err;
  EXPECT_GE(stored().size(), 5U) << result.err;
}

TEST_F(ImapName, ThatComeTwiceAreOneMailbox) {
  say_in_list(R"(* LIST () "/" "Archive")");
  expect_all_is_well();
  EXPECT_EQ(model_->count("EXAMINE \"Archive\"*"), 2U) << "to list, and to fetch";
}

TEST_F(ImapName, ThatCannotBeOpenedAreNotOpened) {
  model_->create("Groups", "\\Noselect \\HasChildren");
  model_->create("Ghost", "\\NonExistent");
  expect_all_is_well();
  EXPECT_EQ(model_->count("EXAMINE \"G*"), 0U);
}

TEST_F(ImapName, WithoutASeparatorAreNotSplit) {
  say_in_list("* LIST () NIL \"a/b\"");
  model_->create("a/b");
  mailboxes_.insert("a/b");
  model_->append("a/b");
  expect_all_is_well();
  EXPECT_FALSE(has_folder("a/b")) << "one level";
  EXPECT_EQ(folders().size(), 3U);
}

// Yandex.
TEST_F(ImapName, WithAnotherSeparatorAreSplitThere) {
  ModelOptions options;
  options.delimiter = '|';
  start(std::move(options));
  create_with_mail("Work|2024");
  create_with_mail("a/b|c");
  expect_all_is_well();
  EXPECT_TRUE(has_folder("Work/2024"));
}

TEST_F(ImapName, AsLiteralsAreRead) {
  create("lit\"eral");
  model_->append("lit\"eral");
  say_in_list("* LIST () \"/\" {8}\r\nlit\"eral");
  expect_all_is_well();
}

TEST_F(ImapName, WithExtendedDataBehindThemAreRead) {
  say_in_list(
      "* LIST (\\HasChildren) \"/\" \"Archive\" (\"CHILDINFO\" (\"SUBSCRIBED\") OLDNAME "
      "(\"old\"))");
  expect_all_is_well();
}

TEST_F(ImapName, OfAListThatCannotBeReadRemoveNothing) {
  expect_all_is_well();
  model_->on({.command = "LIST *",
              .instead = "* LIST () \"/\" \"INBOX\"\r\n* LIST () \"ab\" \"Archive\"\r\n$tag OK "
                         "done\r\n"});
  expect_end(run(), 1, {"127.0.0.1", "LIST"});
  expect_whole();
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapName, ListedEmptyIsAFaultOfTheServer) {
  model_->on({.command = "LIST *", .instead = "$tag OK done\r\n"});
  expect_end(run(), 1, {"127.0.0.1", "lists no mailbox at all"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapName, ListedEmptyLaterRemovesNothing) {
  expect_all_is_well();
  model_->on({.command = "LIST *", .instead = "$tag OK done\r\n"});
  expect_end(run(), 1, {"127.0.0.1", "lists no mailbox at all"});
  expect_whole();
}

}  // namespace
}  // namespace mailpipe::test
