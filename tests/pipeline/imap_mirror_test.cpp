// IMAP to Maildir as a mirror: removals follow, and nothing is lost on the way.
#include "pipeline/imap_maildir_fixture.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class ImapMirror : public ImapMaildirOn {
 protected:
  void SetUp() override {
    use(GetParam());
    if (!IsSkipped() && !HasFatalFailure()) {
      write({.on_remove = "trash"});
    }
  }

  MailTree trash() const {
    MailTree out;
    const fs::path root = mail().string() + ".mailpipe-trash";
    if (fs::exists(root)) {
      for (const auto& entry : fs::directory_iterator(root)) {
        for (auto& [folder, files] : read_maildirs(entry.path())) {
          auto& here = out[folder];
          here.insert(here.end(), files.begin(), files.end());
        }
      }
    }
    return out;
  }

  static std::size_t messages_in(const MailTree& tree) {
    std::size_t out = 0;
    for (const auto& [folder, files] : tree) {
      out += files.size();
    }
    return out;
  }
};

TEST_P(ImapMirror, TheTrashKeepsWhatTheServerRemoved) {
  append_samples("INBOX", 0, 12);
  run_well();
  const Contents before = digests_in(contents_of_tree(tree()));
  account_->expunge("INBOX", "2,5");
  run_well();
  expect_mirrored();
  EXPECT_EQ(sink("removed"), 2U);
  EXPECT_EQ(messages_in(trash()), 2U);
  Contents together = digests_in(contents_of_tree(tree()));
  together["INBOX"].merge(digests_in(contents_of_tree(trash()))["INBOX"]);
  EXPECT_EQ(difference(before, together), "");
}

TEST_P(ImapMirror, AnEmptiedAccountTripsTheGuardUntilItIsConfirmed) {
  append_samples("INBOX", 0, 40);
  account_->create("More");
  append_samples("More", 40, 20);
  run_well();
  const Contents before = contents_of_tree(tree());
  account_->expunge("INBOX", "1:*");
  account_->remove("More");
  for (int i = 0; i < 2; ++i) {
    const Finished held_back = run();
    EXPECT_EQ(held_back.exit_code, 3) << held_back.out << held_back.err;
    EXPECT_TRUE(contains(held_back.err, "--allow-delete 60")) << held_back.err;
    EXPECT_EQ(difference(before, contents_of_tree(tree())), "");
  }
  run_well({"--allow-delete", "60"});
  EXPECT_EQ(messages_in(tree()), 0U);
  EXPECT_EQ(messages_in(trash()), 60U);
  expect_mirrored();
}

TEST_P(ImapMirror, AMovedMessageIsNeverAbsent) {
  account_->create("A");
  account_->create("B");
  append_samples("INBOX", 0, 10);
  const std::string body(4321, 'x');
  account_->append("A", mail_of("watched", body), {.flags = {"\\Seen"}});
  run_well();
  const std::string size = ",S=" + std::to_string(mail_of("watched", body).size()) + ":";

  const auto is_in = [&](const std::string& folder) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(mail() / folder / "cur", ignored)) {
      if (entry.path().filename().string().find(size) != std::string::npos) {
        return true;
      }
    }
    return false;
  };
  for (int i = 0; i < 6; ++i) {
    const std::string from = i % 2 == 0 ? "A" : "B";
    const std::string to = i % 2 == 0 ? "B" : "A";
    ASSERT_TRUE(is_in(from));
    account_->move(from, "1:*", to);
    std::atomic<int> absent = 0;
    std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        absent += is_in(from) || is_in(to) ? 0 : 1;  // in this order: it is linked before it goes
      }
    });
    run_well();
    watcher.request_stop();
    watcher.join();
    EXPECT_EQ(absent, 0);
    EXPECT_EQ(bodies(), 0U);
  }
  expect_mirrored();
  EXPECT_EQ(messages_in(trash()), 0U);
}

TEST_P(ImapMirror, AfterKillsAtAnyMomentOneRunMakesItEqual) {
  constexpr int kRounds = 12;
  const std::vector<std::string> folders = {"A", "B", "C"};
  for (const std::string& folder : folders) {
    account_->create(folder);
    append_samples(folder, folder[0] * 100U, 30);
  }
  run_well();
  std::mt19937 random(20240229);
  std::string renamed = "R";
  account_->create(renamed);
  append_samples(renamed, 500, 5);
  for (int round = 0; round < kRounds; ++round) {
    const std::string& from = folders[random() % folders.size()];
    const std::string& to = folders[(random() % 2 + 1 + (from[0] - 'A')) % folders.size()];
    const auto there = account_->messages(from);
    if (there.size() > 4) {
      account_->move(from, std::to_string(there[0].uid) + "," + std::to_string(there[2].uid), to);
      account_->add_flags(from, std::to_string(there[1].uid), "\\Flagged \\Seen");
      account_->remove_flags(from, std::to_string(there[3].uid), "\\Seen");
    }
    account_->expunge(to, std::to_string(account_->messages(to).back().uid));
    append_samples(to, 1000 + static_cast<std::size_t>(round), 1);
    const std::string name = renamed + std::to_string(round);
    account_->rename(renamed, name);
    renamed = name;
    Process running = start();
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + random() % 120));
    running.signal(SIGKILL);
    running.wait();
  }
  for (int i = 0; i < 2; ++i) {
    run_well();
    expect_mirrored();
  }
  EXPECT_EQ(bodies(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapMirror, ::testing::Values(Server::Dovecot, Server::Cyrus),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
