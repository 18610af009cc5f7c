#include "contract/maildir_fixture.hpp"

#include <array>
#include <cstdio>

// A reader that renames files and changes flags while we run.
namespace mailpipe::test {
namespace {

TEST_F(MaildirTest, PutsWhatHasAFlagIntoCurAndTheRestIntoNew) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
      {{}, "new:"},
      {{"$recent"}, "new:"},
      {{"$seen"}, "cur:S"},
      {{"$Seen", "$ANSWERED"}, "cur:RS"},
      {{"$flagged"}, "cur:F"},
      {{"$draft", "$deleted", "$forwarded"}, "cur:DPT"},
      {{"$seen", "todo"}, "cur:Sa"},
      {{"$mdnsent", "TODO"}, "cur:ab"},
      {{"no atom", "no(atom", ""}, "new:"},
  };
  int number = 0;
  for (const auto& [keywords, expected] : table) {
    const std::string id = "M" + std::to_string(number++);
    const std::string location = commit(in(message(id, "x"), {{"Box"}}, keywords))[0].location;
    EXPECT_EQ(location.substr(4, 3) + ":" + flags(location), expected);
  }
  EXPECT_EQ(slurp(root / "Box/dovecot-keywords"), "0 todo\n1 $mdnsent\n");
}

TEST_F(MaildirTest, RespectsWhatIsInDovecotKeywords) {
  commit(in(message("M0", "x"), {{"Box"}}));
  write("Box/dovecot-keywords", "0 Work\n2 later\nwhat is this\n");
  const auto receipts = commit(in(message("M1", "x"), {{"Box"}}, {"later", "work", "new"}));
  EXPECT_EQ(flags(receipts[0].location), "abc");
  EXPECT_EQ(slurp(root / "Box/dovecot-keywords"), "0 Work\n1 new\n2 later\nwhat is this\n");
}

TEST_F(MaildirTest, KeepsATwentySeventhKeywordInTheLedgerOnly) {
  std::vector<std::string> keywords;
  for (int i = 0; i < 27; ++i) {
    keywords.push_back("k" + std::to_string(i));
  }
  const auto receipts = commit(in(message("M1", "x"), {{"Box"}}, keywords));
  EXPECT_EQ(flags(receipts[0].location), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_TRUE(host.logged("'k26' is kept in the ledger only"));
}

TEST_F(MaildirTest, WaitsForDovecotsLockAndGivesUpWhenItStays) {
  commit(in(message("M0", "x"), {{"Box"}}));
  write("Box/dovecot-keywords.lock", "");
  EXPECT_EQ(flags(commit(in(message("M1", "x"), {{"Box"}}, {"work"}))[0].location), "");
  EXPECT_GT(host.waited().count(), 0);
  EXPECT_TRUE(host.logged("locked"));
  EXPECT_TRUE(fs::exists(root / "Box/dovecot-keywords.lock"));
}

TEST_F(MaildirTest, TakesAStaleLockAway) {
  commit(in(message("M0", "x"), {{"Box"}}));
  write("Box/dovecot-keywords.lock", "");
  fs::last_write_time(root / "Box/dovecot-keywords.lock",
                      fs::file_time_type::clock::now() - std::chrono::minutes(5));
  EXPECT_EQ(flags(commit(in(message("M1", "x"), {{"Box"}}, {"work"}))[0].location), "a");
  EXPECT_FALSE(fs::exists(root / "Box/dovecot-keywords.lock"));
}

TEST_F(MaildirTest, UpdateMakesTheServersChangeAndKeepsTheReaders) {
  Message one = in(message("M1", "x"), {{"Box"}}, {"$seen"});
  Receipt receipt = commit(one)[0];
  rename(receipt.location, "cur", "FS");
  one.item.keywords = {"$answered"};  // the server: seen -> answered; the reader: flagged
  receipt.location = sink->update(receipt, one.item);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(flags(receipt.location), "FR");
  EXPECT_EQ(sink->update(receipt, one.item), receipt.location) << "twice is harmless";
  EXPECT_EQ(files("Box/cur").size(), 1U);
}

TEST_F(MaildirTest, UpdateDoesNotUndoAReaderWhereTheServerChangedNothing) {
  const Message one = in(message("M1", "x"), {{"Box"}}, {"$seen", "work"});
  Receipt receipt = commit(one)[0];
  const std::string renamed = rename(receipt.location, "cur", "T");
  EXPECT_EQ(sink->update(receipt, one.item), renamed);
}

TEST_F(MaildirTest, UpdateMovesAFileFromNewToCurWithItsFirstFlag) {
  Message one = in(message("M1", "x"), {{"Box"}});
  const Receipt receipt = commit(one)[0];
  one.item.keywords = {"work", "$seen"};
  EXPECT_EQ(sink->update(receipt, one.item).substr(0, 8), "Box/cur/");
  sink->sync(SyncPhase::Names);
  EXPECT_TRUE(files("Box/new").empty());
  EXPECT_EQ(slurp(root / "Box/dovecot-keywords"), "0 work\n");
}

TEST_F(MaildirTest, UpdateToTheNameOfASecondFileOfTheMessageLeavesOne) {
  Message one = in(message("M1", "x"), {{"Box"}}, {"$seen"});
  const Receipt first = commit(one)[0];
  one.item.keywords = {"$flagged"};
  Receipt second = commit(one)[0];
  ASSERT_EQ(files("Box/cur").size(), 2U);
  second.keywords = one.item.keywords;
  one.item.keywords = {"$seen"};
  EXPECT_EQ(sink->update(second, one.item), first.location);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(files("Box/cur").size(), 1U);
}

TEST_F(MaildirTest, UpdateOfAFileThatIsGoneChangesNothing) {
  Message one = in(message("M1", "x"), {{"Box"}});
  const Receipt receipt = commit(one)[0];
  fs::remove(root / receipt.location);
  one.item.keywords = {"$seen"};
  EXPECT_EQ(sink->update(receipt, one.item), receipt.location);
  EXPECT_TRUE(host.logged("is not there any more"));
}

TEST_F(MaildirTest, FindsARenamedFileForEveryCall) {
  const Message one = in(message("M1", "x"), {{"Box"}});
  const Receipt receipt = commit(one)[0];
  const std::string renamed = rename(receipt.location, "cur", "FS");
  reopen();
  EXPECT_TRUE(sink->recover({receipt, ""}));
  std::string octets;
  sink->read(receipt, [&](std::string_view part) { octets += part; });
  EXPECT_EQ(octets, one.octets);
  const Message moved = in(one, {{"Other"}});
  const auto linked = settle(moved, sink->link(receipt, moved.item, "/Other"));
  EXPECT_EQ(inode(linked[0].location), inode(renamed));
  sink->remove(receipt, Removal::Delete);
  EXPECT_FALSE(fs::exists(root / renamed));
  EXPECT_TRUE(fs::exists(root / linked[0].location));
}

TEST_F(MaildirTest, FindsAFileThatIsRenamedAgainWithinABatch) {
  Message one = in(message("M1", "x"), {{"Box"}});
  const Receipt receipt = commit(one)[0];
  for (const std::string letters : {"F", "FS", "FRS"}) {
    const std::string at = files("Box/new").empty() ? "Box/cur/" + files("Box/cur")[0]
                                                    : "Box/new/" + files("Box/new")[0];
    const std::string renamed = rename(at, "cur", letters);
    EXPECT_EQ(sink->update(receipt, one.item), renamed);
  }
}

TEST_F(MaildirTest, PublishingTwiceIsHarmlessAfterAReaderRenamedTheFile) {
  const Message one = in(message("M1", "x"), {{"A"}, {"B"}});
  const Staged staged = sink->store(one.item, one.body());
  const auto placed = settle(one, staged);
  rename(placed[0].location, "cur", "S");
  sink->publish(staged);
  EXPECT_EQ(files("A/new").size() + files("A/cur").size(), 1U);
  EXPECT_EQ(files("B/new").size(), 1U);
}

TEST_F(MaildirTest, PythonsMailboxReadsTheSame) {
  const Message one = in(message("M1", "x"), {{"Box"}}, {"$seen", "$flagged"});
  const Message two = in(message("M2", "y"), {{"Box"}});
  commit(one);
  commit(two);
  const std::string script =
      "python3 -c '\nimport mailbox, sys\nbox = mailbox.Maildir(sys.argv[1], create=False)\n"
      "for m in sorted(box, key=lambda m: m[\"Subject\"]):\n"
      "  print(m[\"Subject\"], m.get_subdir(), m.get_flags())\n' '" +
      (root / "Box").string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(script.c_str(), "r"), ::pclose);
  ASSERT_NE(pipe, nullptr);
  std::string out;
  std::array<char, 256> part{};
  while (std::fgets(part.data(), part.size(), pipe.get()) != nullptr) {
    out += part.data();
  }
  EXPECT_EQ(out, "x cur FS\ny new \n");
}

}  // namespace
}  // namespace mailpipe::test
