#include "contract/mbox_fixture.hpp"

#include <cerrno>

// Others write to the boxes, too: between runs, and behind what a killed run had begun.
namespace mailpipe::test {
namespace {

struct MboxForeign : MboxTest {
  const Message one = message("M1", "one");
  const Message two = message("M2", "two");
  const Message three = message("M3", "three");
  MboxLedger ledger;

  void store_first() {
    const auto sink = opened();
    commit(*sink, {one}, ledger);
  }

  /// A run that dies while it appends two and three: `part` octets of them are there.
  void die_after(std::uint64_t part) {
    const std::uintmax_t before = fs::exists(root / "INBOX") ? fs::file_size(root / "INBOX") : 0;
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    sink->open(false);
    recover(*sink, ledger);
    // The calls of its death are found by trying: nothing of the box is written before the last one.
    faulty.fail({.kind = FsCall::Pwrite, .nth = 3, .error = EIO, .lasts = true});
    const ErrorClass died = error_of([&] { commit(*sink, {two, three}, ledger); });
    ASSERT_NE(died, ErrorClass{0});
    const std::string ours = entry_of(two) + entry_of(three);
    fs::resize_file(root / "INBOX", before);
    append("INBOX", ours.substr(0, part));
  }

  ErrorClass next_run(std::string* why = nullptr) {
    const auto sink = make(host);
    return error_of([&] { run(*sink, {one, two, three}, ledger); }, why);
  }
};

TEST_F(MboxForeign, AMessageThatSomebodyAppendedIsRespected) {
  store_first();
  append("INBOX", kTheirs);
  EXPECT_EQ(next_run(), ErrorClass{0});
  EXPECT_EQ(text("INBOX"), entry_of(one) + kTheirs + entry_of(two) + entry_of(three));
}

TEST_F(MboxForeign, APostmarkAlwaysBeginsALine) {
  store_first();
  append("INBOX", "From a@b Wed Nov 15 08:00:00 2023\nSubject: x\n\nno end");
  EXPECT_EQ(next_run(), ErrorClass{0});
  EXPECT_TRUE(text("INBOX").ends_with("no end\n\n" + entry_of(two) + entry_of(three)));
}

TEST_F(MboxForeign, AMessageThatCameBetweenStagingAndAppendingIsRespected) {
  const auto sink = opened();
  commit(*sink, {one}, ledger);
  const Staged staged = sink->store(two.item, two.body());
  sink->sync(SyncPhase::Data);
  append("INBOX", kTheirs);
  sink->publish(staged);
  sink->sync(SyncPhase::Names);
  EXPECT_EQ(text("INBOX"), entry_of(one) + kTheirs + entry_of(two));
  EXPECT_EQ(bytes_of(*sink, two.receipt(staged.placed[0].location)), two.octets);
}

TEST_F(MboxForeign, APartOfOursIsCutWhereverItEnds) {
  const std::string ours = entry_of(two) + entry_of(three);
  for (std::uint64_t part = 0; part < ours.size(); part += 7) {
    fs::remove_all(root);
    ledger = {};
    store_first();
    die_after(part);
    ASSERT_EQ(next_run(), ErrorClass{0}) << part;
    EXPECT_EQ(text("INBOX"), entry_of(one) + ours) << part;
  }
}

TEST_F(MboxForeign, AllOfOursCountsWithoutADownload) {
  store_first();
  const std::string ours = entry_of(two) + entry_of(three);
  die_after(ours.size());
  append("INBOX", kTheirs);
  const auto sink = opened();
  recover(*sink, ledger);
  EXPECT_EQ(ledger.receipts.size(), 3U);
  EXPECT_EQ(text("INBOX"), entry_of(one) + ours + kTheirs);
}

TEST_F(MboxForeign, BlocksThatWereNeverWrittenReadAsZeros) {
  const std::string ours = entry_of(two) + entry_of(three);
  for (const std::string& behind : {std::string(), kTheirs}) {
    fs::remove_all(root);
    ledger = {};
    store_first();
    die_after(0);
    std::string holed = ours;
    holed.replace(10, 40, 40, '\0');
    append("INBOX", holed + behind);
    ASSERT_EQ(next_run(), ErrorClass{0});
    EXPECT_EQ(text("INBOX"), entry_of(one) + behind + ours);
  }
}

TEST_F(MboxForeign, SomebodysMessageBehindAPartOfOursIsKeptAndOursComesAgain) {
  const std::string ours = entry_of(two) + entry_of(three);
  const std::uint64_t whole = entry_of(two).size();
  for (const std::uint64_t part :
       {std::uint64_t{0}, std::uint64_t{1}, whole - 1, whole, whole + 60}) {
    for (const std::string& theirs : {kTheirs, "\n" + kTheirs, kTheirs + kTheirs}) {
      fs::remove_all(root);
      ledger = {};
      store_first();
      die_after(part);
      append("INBOX", theirs);
      ASSERT_EQ(next_run(), ErrorClass{0}) << part;
      const std::string kept = part == 0 ? theirs : theirs.substr(theirs.find("From"));
      EXPECT_EQ(text("INBOX"), entry_of(one) + kept + ours) << part;
      EXPECT_EQ(staged_files(), 0U);
    }
  }
}

TEST_F(MboxForeign, AlsoWhenTheirPostmarkBeginsLikeOurs) {
  const std::string theirs = "From MAILER-DAEMON Tue Nov 14 22:13:21 2023\n\nlate\n\n";
  store_first();
  die_after(entry_of(two).size());
  append("INBOX", theirs);
  ASSERT_EQ(next_run(), ErrorClass{0});
  EXPECT_EQ(text("INBOX"), entry_of(one) + theirs + entry_of(two) + entry_of(three));
}

TEST_F(MboxForeign, MovingTheirMessageUpIsKilledAtEveryCallAndTheyAppendAgain) {
  const std::string second = "From third@example.org Wed Nov 15 09:00:00 2023\n\nmore\n\n";
  for (const bool again : {false, true}) {
    for (std::uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 500U);
      fs::remove_all(root);
      ledger = {};
      store_first();
      die_after(60);
      append("INBOX", kTheirs);
      FaultyFs faulty(files);
      TestHost faulted(faulty);
      faulty.fail({.nth = nth, .error = EIO, .lasts = true});
      error_of([&] {
        const auto sink = make(faulted);
        sink->open(false);
        auto intents = ledger;
        recover(*sink, intents);
      });
      append("INBOX", again ? second : "");
      std::string why;
      ASSERT_EQ(next_run(&why), ErrorClass{0}) << "killed at call " << nth << ": " << why;
      ASSERT_EQ(text("INBOX"),
                entry_of(one) + kTheirs + (again ? second : "") + entry_of(two) + entry_of(three))
          << "killed at call " << nth;
      if (!faulty.hit()) {
        break;
      }
    }
  }
}

TEST_F(MboxForeign, AnythingElseBehindOursStopsTheSinkAndNothingIsCut) {
  for (const std::string& garbage :
       {std::string("garbage\n"), entry_of(two).substr(0, 70) + "XXXX"}) {
    fs::remove_all(root);
    ledger = {};
    store_first();
    die_after(0);
    append("INBOX", garbage);
    const std::string before = text("INBOX");
    std::string why;
    EXPECT_EQ(next_run(&why), ErrorClass::Permanent);
    EXPECT_NE(why.find("INBOX"), std::string::npos);
    EXPECT_EQ(text("INBOX"), before);
  }
}

TEST_F(MboxForeign, WithoutWhatWasStagedNothingIsCut) {
  store_first();
  die_after(60);
  for (const auto& entry : fs::directory_iterator(root / ".mailpipe-mbox")) {
    if (entry.path().filename().string().starts_with("mp-")) {
      fs::remove(entry.path());
    }
  }
  const std::string before = text("INBOX");
  const auto sink = opened();
  recover(*sink, ledger);
  EXPECT_EQ(ledger.receipts.size(), 1U);
  EXPECT_EQ(text("INBOX"), before);
}

TEST_F(MboxForeign, AFileThatShrankStopsTheSink) {
  store_first();
  overwrite("INBOX", entry_of(one).substr(0, 30));
  std::string why;
  EXPECT_EQ(next_run(&why), ErrorClass::Permanent);
  EXPECT_NE(why.find("has shrunk"), std::string::npos);
  EXPECT_EQ(text("INBOX"), entry_of(one).substr(0, 30));
}

TEST_F(MboxForeign, AFileThatWasReplacedStopsTheSink) {
  store_first();
  fs::rename(root / "INBOX", root / "moved");
  fs::copy_file(root / "moved", root / "INBOX");
  std::string why;
  EXPECT_EQ(next_run(&why), ErrorClass::Permanent);
  EXPECT_NE(why.find("another file"), std::string::npos);
  fs::remove(root / "INBOX");
  EXPECT_EQ(next_run(&why), ErrorClass::Permanent);
  EXPECT_NE(why.find("not there any more"), std::string::npos);
}

TEST_F(MboxForeign, ANewLedgerTakesTheFileAsItIs) {
  store_first();
  overwrite("INBOX", "");
  {
    const auto sink = opened();
    EXPECT_TRUE(found_in(*sink).empty());
    sink->mark("{}");
  }
  ledger = {};
  EXPECT_EQ(next_run(), ErrorClass{0});
  EXPECT_EQ(text("INBOX"), entry_of(one) + entry_of(two) + entry_of(three));
}

TEST_F(MboxForeign, ReadFindsMessagesThatMoved) {
  const auto sink = opened();
  commit(*sink, {one, two, three}, ledger);
  const std::string box = text("INBOX");
  overwrite("INBOX", kTheirs + box);
  EXPECT_EQ(bytes_of(*sink, ledger.receipts[2]), three.octets);
  EXPECT_EQ(bytes_of(*sink, ledger.receipts[0]), one.octets);
  overwrite("INBOX", entry_of(three) + kTheirs + entry_of(one));
  EXPECT_EQ(bytes_of(*sink, ledger.receipts[0]), one.octets);
  EXPECT_EQ(bytes_of(*sink, ledger.receipts[2]), three.octets);
  EXPECT_EQ(error_of([&] { bytes_of(*sink, ledger.receipts[1]); }), ErrorClass::Item);
}

TEST_F(MboxForeign, ReadSaysThatAMessageWasChanged) {
  store_first();
  std::string box = text("INBOX");
  box.replace(box.find("one"), 3, "0ne");
  overwrite("INBOX", box);
  EXPECT_EQ(error_of([&] { bytes_of(*opened(), ledger.receipts[0]); }), ErrorClass::Item);
}

TEST_F(MboxForeign, ScanTellsWhatLineEndsDoNot) {
  const std::vector<std::string> octets = {"a\r\n\r\nend", "a\n\nb\n", "a\n\r\nend", "a\r\n"};
  std::vector<Message> messages;
  for (const std::string& each : octets) {
    messages.push_back(with_octets(each, each));
  }
  const auto receipts = commit(*opened(), messages);
  const auto found = found_in(*opened());
  ASSERT_EQ(found.size(), octets.size());
  for (std::size_t i = 0; i < octets.size(); ++i) {
    EXPECT_EQ(found[i].location, receipts[i].location);
    EXPECT_EQ(found[i].digest, messages[i].digest());
  }
}

TEST_F(MboxForeign, ScanTellsEveryMessageAndItsOriginal) {
  store_first();
  append("INBOX", kTheirs);
  const auto found = found_in(*opened());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, std::vector<std::string>{"INBOX"});
  EXPECT_EQ(found[0].digest, one.digest());
  EXPECT_EQ(found[0].received_at, one.item.received_at);
  ASSERT_TRUE(found[0].original);
  EXPECT_EQ(found[0].original->size, one.octets.size());
  EXPECT_EQ(found[0].original->header_digest, digest_of("From: a@example.org\r\nSubject: one\r\n"));
  EXPECT_EQ(found[1].location, "INBOX:" + std::to_string(entry_of(one).size()));
  EXPECT_EQ(found[1].digest, digest_of("Subject: theirs\r\n\r\ntext\r\n"));
}

}  // namespace
}  // namespace mailpipe::test
