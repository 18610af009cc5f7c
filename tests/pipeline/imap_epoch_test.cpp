// Mailboxes that are made anew, and messages that are there twice.
#include "pipeline/imap_maildir_fixture.hpp"
#include "support/imap_rules.hpp"
#include "support/model_imap_server.hpp"
#include "support/sample_mail.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::test {
namespace {

using mailpipe::testing::commands_that_may_change;

std::size_t files_in(const MailTree& tree, const std::string& folder) {
  const auto found = tree.find(folder);
  return found == tree.end() ? 0 : found->second.size();
}

/// All that was there still is.
std::string lost(const Contents& before, const Contents& after) {
  std::string out;
  for (const auto& [folder, digests] : before) {
    const auto now = after.find(folder);
    for (const std::string& digest : digests) {
      if (now == after.end() || now->second.count(digest) < digests.count(digest)) {
        out += folder + " " + digest + "\n";
      }
    }
  }
  return out;
}

class ImapEpoch : public ImapMaildirOn {
 protected:
  Contents digests() const { return digests_in(contents_of_tree(tree())); }
};

TEST_P(ImapEpoch, AMailboxMadeAnewIsMatchedByItsHeaders) {
  constexpr std::size_t kSame = 27;
  constexpr std::size_t kOther = 3;
  account_->create("A");
  append_samples("A", 0, kSame + kOther);
  run_well();
  const Contents before = digests();
  const std::uint64_t old_uidvalidity = account_->status("A").at("UIDVALIDITY");

  account_->remove("A");
  account_->create("A");
  append_samples("A", 5000, kOther);  // other messages under the UIDs of the old ones
  append_samples("A", 0, kSame);
  ASSERT_NE(account_->status("A").at("UIDVALIDITY"), old_uidvalidity);
  run_well();
  EXPECT_EQ(lost(before, digests()), "");
  EXPECT_EQ(files_in(tree(), "A"), kSame + 2 * kOther);
  EXPECT_EQ(counter("engine.rekeyed"), kSame);
  EXPECT_EQ(count("stored"), kOther);
  std::cout << ::testing::PrintToString(server_) << ": " << kSame << " rekeyed, "
            << counter("engine.header_bytes") << " octets of headers, "
            << counter("source.body_octets") << " octets fetched\n";

  run_well();
  EXPECT_EQ(bodies(), 0U);
  EXPECT_EQ(files_in(tree(), "A"), kSame + 2 * kOther);
}

TEST_P(ImapEpoch, ACopyAndASecondDeliveryHaveAPlaceEach) {
  account_->create("Copies");
  const std::string twice = mail_of("delivered twice");
  account_->append("INBOX", twice);
  account_->append("INBOX", twice);
  account_->append("INBOX", mail_of("copied"));
  account_->copy("INBOX", "3", "Copies");
  run_well();
  EXPECT_EQ(count("stored"), 4U);
  EXPECT_EQ(files_in(tree(), "INBOX"), 3U);
  EXPECT_EQ(files_in(tree(), "Copies"), 1U);
  expect_mirrored();

  account_->copy("INBOX", "1:3", "Copies");
  run_well();
  EXPECT_EQ(bodies(), 0U);
  EXPECT_EQ(counter("engine.copied"), 3U);
  EXPECT_EQ(files_in(tree(), "Copies"), 4U);
  expect_mirrored();
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapEpoch, ::testing::Values(Server::Dovecot, Server::Cyrus),
                         ::testing::PrintToStringParamName());

/// The real program on an account in memory, for what no real server does on demand.
class ImapModelEpoch : public ImapMaildirRun {
 protected:
  void SetUp() override {
    server_model_.append("INBOX", 20);
    write_for(server_model_.port(), "user");
    run_well();
    ASSERT_EQ(files_in(tree(), "INBOX"), 20U);
    before_ = digests_in(contents_of_tree(tree()));
  }

  void TearDown() override {
    std::vector<std::string> commands = server_model_.commands();
    EXPECT_EQ(commands_that_may_change(commands), std::vector<std::string>());
  }

  void expect_nothing_lost() const {
    EXPECT_EQ(lost(before_, digests_in(contents_of_tree(tree()))), "");
  }

  ModelImapServer server_model_{{.capabilities = "LITERAL+ ID ENABLE NAMESPACE CONDSTORE QRESYNC "
                                                 "ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE"}};
  Contents before_;
};

TEST_F(ImapModelEpoch, AnotherUidvalidityFetchesHeadersOnly) {
  server_model_.set_uidvalidity("INBOX", 77);
  run_well();
  EXPECT_EQ(counter("source.body_octets"),
            counter("engine.header_bytes") + counter("engine.compared_bytes"));
  EXPECT_EQ(count("stored"), 0U);
  EXPECT_EQ(files_in(tree(), "INBOX"), 20U);
  expect_nothing_lost();
}

TEST_F(ImapModelEpoch, AnOlderUidvalidityThatComesBackWithOtherMessagesLosesNone) {
  std::uint32_t first = 0;
  server_model_.change("INBOX", [&](ModelMailbox& box) { first = box.uidvalidity; });
  server_model_.set_uidvalidity("INBOX", first + 1);
  run_well();
  server_model_.set_uidvalidity("INBOX", first);
  server_model_.change("INBOX", [](ModelMailbox& box) {
    auto messages = std::make_shared<std::vector<ModelMessage>>(*box.messages);
    for (ModelMessage& message : *messages) {
      message.content += 1000;  // other messages under the old UIDs
    }
    box.messages = messages;
  });
  run_well();
  EXPECT_EQ(count("stored"), 20U);
  EXPECT_EQ(files_in(tree(), "INBOX"), 40U);
  expect_nothing_lost();
}

}  // namespace
}  // namespace mailpipe::test
