#include "contract/maildir_fixture.hpp"

// The process dies at each of its calls in turn, and the next run does what the engine does: it puts
// open intents to the sink, and does the other steps again.
namespace mailpipe::test {
namespace {

struct MaildirKill : MaildirTest {
  /// `prepare` runs undisturbed, `step` dies at its nth call, `again` is the next run.
  void sweep_over(const std::function<void()>& prepare, const std::function<void(Sink&)>& step,
                  const std::function<void()>& again) {
    for (std::uint64_t nth = 1;; ++nth) {
      ASSERT_LT(nth, 500U);
      SCOPED_TRACE("killed at call " + std::to_string(nth));
      sink.reset();
      fs::remove_all(root);
      fs::remove_all(dir / "root.mailpipe-trash");
      reopen();
      prepare();
      FaultyFs faulty(unsynced);
      TestHost faulted(faulty);
      {
        const auto killed = make(faulted);
        killed->open(false);
        faulty.fail({.nth = nth, .error = EIO, .lasts = true});
        try {
          step(*killed);
        } catch (const Error&) {
          EXPECT_TRUE(faulty.hit());
        }
      }
      reopen();
      again();
      if (!faulty.hit() || HasFailure()) {
        return;
      }
    }
  }
};

TEST_F(MaildirKill, WhileLinking) {
  const Message one = in(message("M1", "x"), {{"A"}});
  const Message moved = in(one, {{"B"}}, {"work"});
  Receipt old;
  std::vector<Receipt> intents;
  std::string token;
  sweep_over([&] { old = commit(one)[0]; },
             [&](Sink& killed) {
               intents.clear();
               const Staged staged = killed.link(old, moved.item, "/B");
               intents = receipts(moved, staged);
               token = staged.token;
               killed.sync(SyncPhase::Data);
               killed.publish(staged);
               killed.sync(SyncPhase::Names);
             },
             [&] {
               const bool whole = !intents.empty() && sink->recover({intents[0], token});
               sink->sync(SyncPhase::Names);
               sink->sweep();
               const std::string at =
                   whole ? intents[0].location
                         : settle(moved, sink->link(old, moved.item, "/B"))[0].location;
               EXPECT_EQ(inode(at), inode(old.location));
               EXPECT_EQ(files("B/cur").size(), 1U);
               EXPECT_TRUE(files("B/tmp").empty());
             });
}

TEST_F(MaildirKill, WhileUpdating) {
  Message one = in(message("M1", "x"), {{"A"}});
  Receipt receipt;
  sweep_over(
      [&] {
        one.item.keywords = {"$seen", "old"};
        receipt = commit(one)[0];
        one.item.keywords = {"$flagged", "new"};
      },
      [&](Sink& killed) {
        killed.update(receipt, one.item);
        killed.sync(SyncPhase::Names);
      },
      [&] {
        sink->sweep();
        EXPECT_EQ(flags(sink->update(receipt, one.item)), "Fb");
        sink->sync(SyncPhase::Names);
        EXPECT_EQ(files("A/cur").size() + files("A/new").size(), 1U);
        EXPECT_EQ(slurp(root / "A/dovecot-keywords"), "0 old\n1 new\n");
      });
}

TEST_F(MaildirKill, WhileRemoving) {
  const Message one = in(message("M1", "x"), {{"A"}});
  Receipt receipt;
  sweep_over(
      [&] { receipt = commit(one)[0]; },
      [&](Sink& killed) {
        killed.remove(receipt, Removal::Trash);
        killed.sync(SyncPhase::Names);
      },
      [&] {
        sink->remove(receipt, Removal::Trash);
        sink->sync(SyncPhase::Names);
        EXPECT_TRUE(files("A/new").empty());
        std::size_t kept = 0;
        for (const auto& entry : fs::recursive_directory_iterator(dir / "root.mailpipe-trash")) {
          kept += entry.is_regular_file() && slurp(entry.path()) == one.octets ? 1U : 0U;
        }
        EXPECT_EQ(kept, 1U);
      });
}

TEST_F(MaildirKill, WhileAMailboxComesAndGoes) {
  const Mailbox box = mailbox_of({"A", "B"});
  for (const MailboxChange change : {MailboxChange::Create, MailboxChange::Remove}) {
    sweep_over(
        [&] {
          if (change == MailboxChange::Remove) {
            sink->mailbox(MailboxChange::Create, box);
            sink->sync(SyncPhase::Names);
          }
        },
        [&](Sink& killed) {
          killed.mailbox(change, box);
          killed.sync(SyncPhase::Names);
        },
        [&] {
          sink->mailbox(change, box);
          sink->sync(SyncPhase::Names);
          EXPECT_EQ(fs::exists(root / "A/B/cur"), change == MailboxChange::Create);
        });
  }
}

}  // namespace
}  // namespace mailpipe::test
