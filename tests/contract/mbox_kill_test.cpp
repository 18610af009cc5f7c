#include "contract/mbox_fixture.hpp"

#include <cerrno>
#include <map>

// The process dies at each of its calls in turn, or a single call fails; the next run does what the
// engine does, and the boxes end byte for byte as if nothing had been.
namespace mailpipe::test {
namespace {

struct MboxKill : MboxTest {
  std::vector<Message> messages() const {
    std::vector<Message> out;
    for (int i = 0; i < 5; ++i) {
      const Message one = message("M" + std::to_string(i), "x");
      out.push_back(i == 3 ? in(one, {{"INBOX"}, {"A", "B"}}) : in(one, {{"INBOX"}}));
    }
    out[1].octets = "Subject: odd\n\nFrom here\r\nno end";
    return out;
  }

  std::map<std::string, std::string> boxes() const {
    std::map<std::string, std::string> out;
    for (const std::string box : {"INBOX", "A.sbd/B", "all.mbox"}) {
      if (fs::exists(root / box)) {
        out[box] = text(box);
      }
    }
    return out;
  }

  /// A run whose nth call fails, and with `lasts` every later one: as if it had been killed.
  bool disturbed(std::uint64_t nth, int error, bool lasts, const std::string& layout,
                 MboxLedger& ledger) {
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    faulty.fail({.nth = nth, .error = error, .lasts = lasts});
    faulty.shorten(error == ENOSPC ? 7 : 0);
    error_of([&] { run(*make(faulted, layout), messages(), ledger); });
    return faulty.hit();
  }

  void expect_recovery(const std::string& layout, MboxLedger& ledger,
                       const std::map<std::string, std::string>& expected) {
    const auto next = make(host, layout);
    ASSERT_EQ(error_of([&] { run(*next, messages(), ledger); }), ErrorClass{0});
    EXPECT_EQ(boxes(), expected);
    EXPECT_EQ(staged_files(), 0U);
    std::map<std::string, std::string> octets;
    for (const Message& each : messages()) {
      octets[each.item.key] = each.octets;
    }
    for (const Receipt& receipt : ledger.receipts) {
      EXPECT_EQ(bytes_of(*next, receipt), octets[receipt.key]);
    }
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      EXPECT_FALSE(entry.path().string().ends_with(".lock")) << entry.path();
    }
  }

  std::map<std::string, std::string> undisturbed(const std::string& layout) {
    MboxLedger ledger;
    run(*make(host, layout), messages(), ledger);
    auto out = boxes();
    fs::remove_all(root);
    return out;
  }

  void sweep_over(int error, bool lasts) {
    for (const std::string layout : {"per_mailbox", "single"}) {
      const auto expected = undisturbed(layout);
      for (std::uint64_t nth = 1;; ++nth) {
        ASSERT_LT(nth, 2000U);
        SCOPED_TRACE(layout + ", call " + std::to_string(nth));
        MboxLedger ledger;
        const bool hit = disturbed(nth, error, lasts, layout, ledger);
        expect_recovery(layout, ledger, expected);
        fs::remove_all(root);
        if (!hit || HasFailure()) {
          break;
        }
      }
    }
  }
};

TEST_F(MboxKill, AtEveryCall) {
  sweep_over(EIO, true);
}

TEST_F(MboxKill, ACallThatFailsOnce) {
  for (const int error : {EIO, ENOSPC, EMFILE}) {
    SCOPED_TRACE(error);
    sweep_over(error, false);
  }
}

TEST_F(MboxKill, AndTheRecoveryKilledToo) {
  const auto expected = undisturbed("per_mailbox");
  for (std::uint64_t first = 60;; first += 37) {
    for (std::uint64_t nth = 1;; nth += 5) {
      SCOPED_TRACE(std::to_string(first) + ", then " + std::to_string(nth));
      MboxLedger ledger;
      const bool begun = disturbed(first, EIO, true, "per_mailbox", ledger);
      const bool hit = disturbed(nth, EIO, true, "per_mailbox", ledger);
      expect_recovery("per_mailbox", ledger, expected);
      fs::remove_all(root);
      if (!begun || HasFailure()) {
        return;
      }
      if (!hit) {
        break;
      }
    }
  }
}

TEST_F(MboxKill, AFullDiskIsNoSpaceAndTheBoxIsAsItWas) {
  FaultyFs faulty(files);
  TestHost faulted(faulty);
  const auto sink = make(faulted);
  sink->open(false);
  commit(*sink, {message("M1", "one")});
  const std::string before = text("INBOX");
  const Message two = message("M2", "two");
  const Staged staged = sink->store(two.item, two.body());
  sink->sync(SyncPhase::Data);
  sink->publish(staged);
  faulty.fail({.kind = FsCall::Pwrite, .nth = 2, .error = ENOSPC, .lasts = true});
  faulty.shorten(10);
  EXPECT_EQ(error_of([&] { sink->sync(SyncPhase::Names); }), ErrorClass::NoSpace);
  EXPECT_EQ(text("INBOX"), before);
}

TEST_F(MboxKill, ARecoveryThatHasNoRoomSaysSoAndTheMessagesComeAnew) {
  const std::vector<Message> all = messages();
  const auto expected = undisturbed("per_mailbox");
  for (const FsCall call : {FsCall::Pwrite, FsCall::Fdatasync}) {
    fs::remove_all(root);
    MboxLedger ledger;
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    auto sink = make(faulted);
    sink->open(false);
    commit(*sink, {all[0], all[1]}, ledger);
    const std::string before = text("INBOX");
    faulty.fail({.kind = FsCall::Linkat, .error = EIO});  // the dot-lock: nothing is appended
    EXPECT_NE(error_of([&] { commit(*sink, {all[2], all[3]}, ledger); }), ErrorClass{0});
    sink = make(faulted);
    sink->open(false);
    faulty.fail({.kind = call, .error = ENOSPC});
    ASSERT_FALSE(ledger.intents.empty());
    EXPECT_FALSE(sink->recover(ledger.intents.front()));
    EXPECT_TRUE(faulty.hit());
    EXPECT_EQ(text("INBOX"), before);
    ASSERT_FALSE(faulted.lines().empty());
    EXPECT_NE(faulted.lines().back().message.find("fetched again"), std::string::npos);
    faulty.heal();
    MboxLedger again = ledger;
    recover(*sink, again);
    for (const Message& each : {all[2], all[3], all[4]}) {
      if (const Message missing = again.missing(each); !missing.item.places.empty()) {
        commit(*sink, {missing}, again);
      }
    }
    EXPECT_EQ(boxes(), expected);
  }
}

/// A box that cannot be opened is not an empty one: the next message would be told to lie at its beginning.
TEST_F(MboxKill, AnErrorNeverMakesABoxLookEmpty) {
  MboxLedger ledger;
  commit(*opened(), {message("M1", "one")}, ledger);
  const Message two = message("M2", "two");
  const std::string place = opened()->store(two.item, two.body()).placed.at(0).location;
  for (std::uint64_t nth = 1;; ++nth) {
    ASSERT_LT(nth, 200U);
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    faulty.fail({.nth = nth, .error = EMFILE});
    error_of([&] {
      sink->open(false);
      EXPECT_FALSE(sink->root().empty) << "with an error at call " << nth;
      EXPECT_EQ(sink->store(two.item, two.body()).placed.at(0).location, place)
          << "with an error at call " << nth;
    });
    if (!faulty.hit()) {
      break;
    }
  }
}

TEST_F(MboxKill, AFailedSyncIsFinal) {
  for (const std::uint64_t nth : {1U, 2U, 3U, 4U}) {
    fs::remove_all(root);
    FaultyFs faulty(files);
    TestHost faulted(faulty);
    const auto sink = make(faulted);
    sink->open(false);
    faulty.fail({.kind = FsCall::Fdatasync, .nth = nth, .error = EIO});
    EXPECT_EQ(error_of([&] { commit(*sink, {message("M1", "one")}); }), ErrorClass::Permanent);
    const SyncPhase phase = nth == 1 ? SyncPhase::Data : SyncPhase::Names;
    EXPECT_EQ(error_of([&] { sink->sync(phase); }), ErrorClass::Permanent);
  }
}

}  // namespace
}  // namespace mailpipe::test
