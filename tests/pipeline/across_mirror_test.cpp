// Mirrors under dedup: a message that the server still has somewhere is never absent.
#include "pipeline/across_fixture.hpp"
#include "support/sample_mail.hpp"

#include <atomic>
#include <chrono>
#include <random>
#include <set>
#include <thread>

namespace mailpipe::test {
namespace {

using mailpipe::testing::make_sample;

std::string watched_mail() {
  return "Subject: watched\r\n\r\n" + std::string(4321, 'x') + "\r\n";
}

class AcrossMirror : public AcrossRun, public ::testing::WithParamInterface<Source> {
 protected:
  void SetUp() override {
    use(GetParam());
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    for (const char* name : kMailboxes) {
      account_->create(name);
    }
    write(
        "filters:\n  - type: dedup\nsinks:\n  - type: maildir\n    on_remove: delete\n"
        "    with: { path: ./mail }\nrun: { guard: { max_remove_count: 1000 } }\n");
  }

  static constexpr const char* kMailboxes[] = {"A", "B", "C"};

  void append(const std::string& mailbox, std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < first + count; ++i) {
      account_->append(mailbox, make_sample(1, i).message, {.flags = {"\\Seen"}});
    }
  }

  bool is_watched_in(const std::string& folder) const {
    static const std::string size = ",S=" + std::to_string(watched_mail().size()) + ":";
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(mail() / folder / "cur", ignored)) {
      if (entry.path().filename().string().find(size) != std::string::npos) {
        return true;
      }
    }
    return false;
  }

  /// How often a look beside one run found the watched message neither here nor there.
  int absent_in_run(const std::string& here, const std::string& there) const {
    std::atomic<int> absent = 0;
    std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        absent +=
            is_watched_in(here) || is_watched_in(there) ? 0 : 1;  // it is there before it goes
      }
    });
    run_well();
    watcher.request_stop();
    watcher.join();
    return absent;
  }

  /// Digests of what the server has.
  std::set<std::string> on_server() {
    std::set<std::string> out;
    for (const char* name : kMailboxes) {
      for (const auto& one : account_->messages(name)) {
        out.insert(one.sha256);
      }
    }
    return out;
  }

  std::multiset<std::string> in_sink() const {
    const Contents all = in_one(sink_kind("maildir").read(mail()));
    return all.empty() ? std::multiset<std::string>() : all.at("");
  }

  void expect_none_absent(const std::set<std::string>& were_stored) {
    const std::multiset<std::string> here = in_sink();
    for (const std::string& one : on_server()) {
      EXPECT_TRUE(here.contains(one) || !were_stored.contains(one)) << one;
    }
  }

  void expect_all_there() {
    const std::multiset<std::string> sink = in_sink();
    EXPECT_EQ(std::set<std::string>(sink.begin(), sink.end()), on_server());
  }

  void expect_each_once() {
    expect_all_there();
    if (source_ != Source::JmapCyrus) {  // there it lies in all of its mailboxes
      EXPECT_EQ(in_sink().size(), on_server().size());
    }
  }
};

TEST_P(AcrossMirror, AMovedMessageIsNeverAbsent) {
  append("C", 0, 10);
  account_->append("A", watched_mail(), {.flags = {"\\Seen"}});
  run_well();
  for (int i = 0; i < 4; ++i) {
    const std::string from = i % 2 == 0 ? "A" : "B";
    const std::string to = i % 2 == 0 ? "B" : "A";
    ASSERT_TRUE(is_watched_in(from));
    account_->move(from, "1:*", to);
    EXPECT_EQ(absent_in_run(from, to), 0);
    EXPECT_TRUE(is_watched_in(to));
    EXPECT_FALSE(is_watched_in(from));
  }
  expect_each_once();
}

TEST_P(AcrossMirror, AnOwnerThatIsRemovedHandsOverFirst) {
  append("C", 0, 10);
  account_->append("A", watched_mail(), {.flags = {"\\Seen"}});
  run_well();
  for (int i = 0; i < 4; ++i) {
    const std::string owner = i % 2 == 0 ? "A" : "B";
    const std::string other = i % 2 == 0 ? "B" : "A";
    account_->append(other, watched_mail(), {.flags = {"\\Seen"}});
    run_well();
    ASSERT_TRUE(is_watched_in(owner));
    account_->expunge(owner, "1:*");
    EXPECT_EQ(absent_in_run(owner, other), 0);
    EXPECT_TRUE(is_watched_in(other));
    EXPECT_FALSE(is_watched_in(owner));
  }
  expect_each_once();
}

TEST_P(AcrossMirror, WhatTheServerStillHasIsThereAfterEveryKill) {
  constexpr int kRounds = 10;
  for (const char* name : kMailboxes) {
    append(name, 0, 5);  // the same in all
    append(name, static_cast<std::size_t>(name[0]) * 100, 25);
  }
  run_well();
  expect_each_once();
  std::mt19937 random(20240229);
  for (int round = 0; round < kRounds; ++round) {
    const std::multiset<std::string> stored = in_sink();
    const std::string from = kMailboxes[random() % 3];
    const std::string to = kMailboxes[(from[0] - 'A' + 1 + random() % 2) % 3];
    const auto there = account_->messages(from);
    if (there.size() > 3) {
      account_->move(from, std::to_string(there[0].uid) + "," + std::to_string(there[2].uid), to);
      account_->copy(from, std::to_string(there[1].uid), to);
      account_->expunge(from, std::to_string(there[random() % 2 == 0 ? 1 : 3].uid));
    }
    append(to, 20000 + static_cast<std::size_t>(round), 1);
    Process running = start();
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + random() % 120));
    running.signal(SIGKILL);
    running.wait();
    expect_none_absent({stored.begin(), stored.end()});
  }
  run_well();
  expect_all_there();
  run_well();
  EXPECT_EQ(downloads(), 0U);
  expect_all_there();
}

INSTANTIATE_TEST_SUITE_P(Servers, AcrossMirror,
                         ::testing::Values(Source::JmapCyrus, Source::ImapCyrus,
                                           Source::ImapDovecot, Source::DovecotNameless),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
