// What the runs after the first cost on servers that can more or less.
#include "pipeline/imap_maildir_fixture.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::test {
namespace {

constexpr std::size_t kFolders = 10;  // with mail in them
constexpr std::size_t kMessages = 8;  // in each

class ImapNextRun : public ImapMaildirOn {
 protected:
  void SetUp() override {
    use(GetParam());
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    proxy_ = std::make_unique<DelayProxy>(port());
    write({.on_remove = "delete"});
    for (std::size_t i = 0; i < kFolders; ++i) {
      account_->create(folder(i));
      append_samples(folder(i), i * kMessages, kMessages);
    }
    run_well();
    expect_mirrored();
  }

  static std::string folder(std::size_t number) { return "Folder " + std::to_string(number); }

  /// Runs well; the tree is the server's, that many bodies came. Says what it cost.
  void expect_run(const std::string& after_what, std::uint64_t expected_bodies) {
    forget_commands();
    const DelayProxy::Traffic before = proxy_->traffic();
    run_well();
    const DelayProxy::Traffic after = proxy_->traffic();
    turns_ = after.turns - before.turns;
    octets_ = after.octets_in - before.octets_in + after.octets_out - before.octets_out;
    connections_ = after.connections - before.connections;
    std::cout << ::testing::PrintToString(server_) << ", " << after_what << ": " << turns_
              << " turns on " << connections_ << " connections, " << octets_ << " octets, "
              << bodies() << " bodies, " << counter("engine.header_bytes") << " octets of headers, "
              << commands_like("EXAMINE") << " EXAMINE\n";
    if (counter("engine.header_bytes") == 0) {
      EXPECT_EQ(bodies(), expected_bodies) << report().at("counters").dump(2);
    } else {  // no identity of the server's: headers came, and no more
      EXPECT_EQ(counter("source.body_octets"), counter("engine.header_bytes"));
      EXPECT_EQ(server_, Server::DovecotPlain);
    }
    expect_mirrored();
  }

  bool has_condstore() const {
    return server_ == Server::Dovecot || server_ == Server::DovecotWithoutQresync ||
           server_ == Server::Cyrus;
  }

  /// EXAMINE of those mailboxes that changed, where the server can tell which; else of all with mail in them.
  void expect_examined(std::size_t changed, std::size_t with_mail = kFolders) {
    EXPECT_EQ(counter("source.ladder_plain"), has_condstore() ? 0U : with_mail);
    const std::uint64_t fetching = counter("source.fetches") == 0 ? 0 : 3;  // connections
    const std::size_t listing = has_condstore() ? changed : with_mail;
    EXPECT_GE(commands_like("EXAMINE"), listing);
    // A new mailbox is opened beside those with mail, and then by each connection that fetches from it.
    EXPECT_LE(commands_like("EXAMINE"), listing + (fetching + 1) * changed);
  }

  std::uint64_t turns_ = 0, octets_ = 0, connections_ = 0;
};

TEST_P(ImapNextRun, NothingNewCostsOneLookAtTheStatusOfAll) {
  expect_run("nothing new", 0);
  expect_examined(0);
  EXPECT_EQ(count("stored"), 0U);
  EXPECT_EQ(commands_like("LIST"), 1U);
  EXPECT_EQ(commands_like("SELECT"), 0U);
  EXPECT_EQ(commands_like("UID FETCH"), has_condstore() ? 0U : kFolders);
  EXPECT_EQ(connections_, 1U);
  EXPECT_LE(turns_, has_condstore() ? 4U : 8U);
  EXPECT_LE(octets_, has_condstore() ? 6'000U : 15'000U);
  EXPECT_TRUE(contains(status().out, has_condstore() ? "ladder_unchanged" : "ladder_plain"))
      << status().out;
}

TEST_P(ImapNextRun, WhatHappensToMessagesCostsNoMoreThanItMust) {
  append(folder(3), "new");
  expect_run("a new message", 1);
  expect_examined(1);
  EXPECT_EQ(count("stored"), 1U);

  account_->add_flags(folder(2), "1", "\\Flagged work");
  account_->remove_flags(folder(2), "2", "\\Seen");
  expect_run("changed flags", 0);
  expect_examined(1);
  EXPECT_GE(sink("updated"), 1U);

  account_->expunge(folder(5), "3");
  expect_run("an expunge", 0);
  expect_examined(1);
  EXPECT_EQ(sink("removed"), 1U);

  account_->move(folder(1), "2:3", folder(7));
  expect_run("two moved messages", 0);
}

TEST_P(ImapNextRun, WhatHappensToFoldersCostsNoMoreThanItMust) {
  account_->create("Fresh/Below");
  append_samples("Fresh/Below", 900, 3);
  account_->create("Fresh/Empty");
  expect_run("a new folder", 3);
  expect_examined(1);

  account_->rename(folder(4), "Renamed & moved");
  expect_run("a renamed folder", 0);

  account_->remove(folder(6));
  expect_run("a deleted folder", 0);
  EXPECT_EQ(sink("removed"), kMessages);
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapNextRun,
                         ::testing::Values(Server::Dovecot, Server::DovecotWithoutQresync,
                                           Server::DovecotWithoutCondstore, Server::DovecotPlain,
                                           Server::Cyrus),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
