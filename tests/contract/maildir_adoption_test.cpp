#include "contract/maildir_fixture.hpp"
#include "mbsync_state.hpp"
#include "mbsync_undo.hpp"

// What scan() tells of the Maildirs of other programs, mbsync's above all.
namespace mailpipe::test {
namespace {

using maildir::MbsyncUndo;

constexpr const char* kState =
    "FarUidValidity 77\nNearUidValidity 88\nMaxPulledUid 9\nMaxPushedUid 5\nMaxExpiredFarUid 3\n\n"
    "4 1 FS\n5 2 \n6 3 >\n7 0 ~\n8 4 ~S\n9 5 <\n";

const std::string kSent = "From: a@b\r\nSubject: x\r\n\r\nbody\r\n\r\nend";
const std::string kStored = "From: a@b\nSubject: x\nX-TUID: ab+/CDEFGH12\n\nbody\n\nend";

Found::Original undone(std::string_view text, std::size_t step, bool on = true) {
  MbsyncUndo undo(on);
  while (!text.empty()) {
    undo.add(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
  }
  return undo.take();
}

Found::Original original(const std::string& octets, const std::string& header) {
  return {octets.size(), digest_of(octets), digest_of(header)};
}

TEST(MbsyncUndo, TakesLineEndsAndTheTuidBack) {
  const std::string kHeader = "From: a@b\r\nSubject: x\r\n";
  const std::string long_line = "X: " + std::string(1000, 'y');
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {kStored, kSent, kHeader},
      {"From: a@b\nSubject: x\n\nX-TUID: ab+/CDEFGH12\n", kHeader + "\r\nX-TUID: ab+/CDEFGH12\r\n",
       kHeader},
      {"X-TUID: ab+/CDEFGH12\n\n", "\r\n", ""},
      {"\nno header\n", "\r\nno header\r\n", ""},
      {"A: b\r\nX-TUID: ab+/CDEFGH12\n\r\nc\r\n", "A: b\r\n\r\nc\r\n", "A: b\r\n"},
      {"A: b\nno end", "A: b\r\nno end", "A: b\r\nno end"},
      {"X-TUID: short\nX-TUID: ab+/CDEFGH12\nX-TUID: ab+/CDEFGH12\n\n",
       "X-TUID: short\r\nX-TUID: ab+/CDEFGH12\r\n\r\n",
       "X-TUID: short\r\nX-TUID: ab+/CDEFGH12\r\n"},
      {long_line + "\n\n", long_line + "\r\n\r\n", long_line + "\r\n"},
  };
  for (const auto& [stored, sent, header] : table) {
    for (const std::size_t step : {1U, 2U, 7U, 100'000U}) {
      EXPECT_EQ(undone(stored, step), original(sent, header)) << stored;
    }
  }
}

TEST(MbsyncUndo, LeavesAFileAloneThatIsAsTheServerSentIt) {
  const std::vector<std::pair<std::string, std::string>> table = {{"", ""},
                                                                  {"\r\n", ""},
                                                                  {"A: b\r\n\r\nc\r\n", "A: b\r\n"},
                                                                  {"no end", "no end"},
                                                                  {"\r", ""},
                                                                  {"A: b\r\n\r", "A: b\r\n"}};
  for (const auto& [text, header] : table) {
    for (const std::size_t step : {1U, 100U}) {
      EXPECT_EQ(undone(text, step), original(text, header)) << text;
    }
  }
}

TEST(MbsyncUndo, UndoesNothingInOurOwnFiles) {
  EXPECT_EQ(undone(kStored, 3, false),
            original(kStored, kStored.substr(0, kStored.find("\n\n") + 1)));
}

TEST(MbsyncState, ReadsTheFormatsOfIsync13To15) {
  const std::string old =
      "MasterUidValidity 77\nSlaveUidValidity 88\nMaxPulledUid 9\n\n"
      "4 1 FS\n5 2 X\n4294967295 3 \n6 4294967295 \n7 5 ^\n";
  for (const std::string& text : {std::string(kState), old}) {
    const auto state = maildir::parse_mbsync_state(text);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->far_validity, 77U);
    EXPECT_EQ(state->near_validity, 88U);
    EXPECT_EQ(state->far_by_near.at(1), 4U);
    EXPECT_EQ(state->far_by_near.at(2), 5U);
    EXPECT_FALSE(state->far_by_near.contains(3)) << "a placeholder, or the near side's alone";
  }
}

TEST(MbsyncState, RefusesWhatIsNone) {
  for (const char* text : {"", "\n", "77:9 88:0:5\n1 2 F\n", "FarUidValidity\n\n", "<html>\n"}) {
    EXPECT_FALSE(maildir::parse_mbsync_state(text)) << text;
  }
}

TEST(MbsyncState, FindsTheNearUidInAName) {
  EXPECT_EQ(maildir::near_uid_in("1.2_3.host,U=17"), 17U);
  EXPECT_EQ(maildir::near_uid_in("1.2_3.host,U=17,S=4"), 17U);
  for (const char* name : {"1.2_3.host", "1.host,U=", "1.host,U=x", "1.host,U=99999999999"}) {
    EXPECT_EQ(maildir::near_uid_in(name), std::nullopt) << name;
  }
}

struct MbsyncMaildir : MaildirTest {
  void make_box(const std::string& box) const {
    for (const char* sub : {"cur", "new", "tmp"}) {
      fs::create_directories(root / box / sub);
    }
    write(box + "/cur/1.2_3.host,U=1:2,FS", kStored);
    write(box + "/new/1.2_4.host,U=2:2,", kStored);
    write(box + "/cur/1.2_5.host,U=3:2,", kStored);
    write(box + "/cur/1.2_6.host:2,", kStored);
    write(box + "/.uidvalidity", "88\n5\n");
  }

  std::map<std::string, std::string> refs() const {
    std::map<std::string, std::string> out;
    for (const Found& each : found()) {
      out[each.location] = each.ref;
    }
    return out;
  }

  std::map<std::string, std::string> expected(const std::string& box) const {
    return {{box + "/cur/1.2_3.host,U=1:2,FS", "77:4"},
            {box + "/new/1.2_4.host,U=2:2,", "77:5"},
            {box + "/cur/1.2_5.host,U=3:2,", ""},
            {box + "/cur/1.2_6.host:2,", ""}};
  }
};

TEST_F(MbsyncMaildir, IsToldWithWhatTheServerCallsItsMessages) {
  make_box("A/Entw&APw-rfe");
  write("A/Entw&APw-rfe/.mbsyncstate", kState);
  EXPECT_EQ(refs(), expected("A/Entw&APw-rfe"));
  for (const Found& each : found()) {
    EXPECT_EQ(each.path, (std::vector<std::string>{"A", "Entwürfe"}));
    EXPECT_EQ(each.digest, digest_of(kStored));
    EXPECT_EQ(each.original, original(kSent, "From: a@b\r\nSubject: x\r\n"));
    EXPECT_EQ(each.received_at, std::nullopt) << "its name tells when mbsync wrote it";
  }
}

TEST_F(MbsyncMaildir, HasItsStateWhereSyncStateSays) {
  make_box("A/B");
  for (const std::string& name : {std::string(":far:a&b_:near:A!B"), std::string("fastmail-A!B")}) {
    fs::remove_all(dir / "state");
    fs::create_directory(dir / "state");
    std::ofstream(dir / "state" / name) << kState;
    options["mbsync_state"] = (dir / (name.front() == ':' ? "state" : "state/fastmail-")).string();
    reopen();
    EXPECT_EQ(refs(), expected("A/B")) << name;
  }
}

TEST_F(MbsyncMaildir, OfAnotherUidValidityIsNotBelieved) {
  make_box("A");
  write("A/.mbsyncstate", kState);
  write("A/.uidvalidity", "89\n5\n");
  for (const auto& [location, ref] : refs()) {
    EXPECT_EQ(ref, "") << location;
  }
  EXPECT_TRUE(host.logged("another UIDVALIDITY"));
  fs::remove(root / "A/.uidvalidity");
  EXPECT_EQ(refs().begin()->second, "");
  EXPECT_TRUE(host.logged("AltMap"));
}

TEST_F(MaildirTest, ScanTellsOurOwnMessagesAsTheyAre) {
  Message one = in(message("M1", "x"), {{"A"}});
  one.octets = "Subject: bare LF, as the server has it\n\nbody\n";
  const Receipt receipt = commit(one)[0];
  const auto all = found();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].location, receipt.location);
  EXPECT_EQ(all[0].received_at, one.item.received_at);
  EXPECT_EQ(all[0].original, original(one.octets, "Subject: bare LF, as the server has it\n"));
  EXPECT_TRUE(all[0].server_ids.empty());
}

}  // namespace
}  // namespace mailpipe::test
