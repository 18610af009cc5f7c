#include "support/imap_account.hpp"

#include "support/cyrus_server.hpp"
#include "support/dovecot_server.hpp"
#include "support/jmap_account.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace mailpipe::testing {
namespace {

const std::string kMessage = "From: a@example.org\r\nSubject: one\r\n\r\n)\r\n{3}\r\n";
// sha256sum of the above
const char* const kDigest = "42f104041ebe2a4a6bbecedd1efe3a14fc4c9aad57e059ee28b256c7ff02dadf";

void fill_and_change(ImapAccount& account) {
  account.create(
      "Projekte/Gr\xC3\xB6\xC3\x9F"
      "e & \xF0\x9F\x93\xA7");
  const MailboxName odd =
      "Projekte/Gr\xC3\xB6\xC3\x9F"
      "e & \xF0\x9F\x93\xA7";
  const std::uint32_t uid =
      account.append(odd, kMessage, {.flags = {"\\Seen", "work"}, .received_at = 1709251198});
  const std::vector<ImapMessage> there = account.messages(odd);
  ASSERT_EQ(there.size(), 1U);
  EXPECT_EQ(there[0].uid, uid);
  EXPECT_EQ(there[0].flags, (std::set<std::string>{"\\Seen", "work"}));
  EXPECT_EQ(there[0].received_at, 1709251198);
  EXPECT_EQ(there[0].sha256, kDigest);

  account.rename(odd, MailboxName::raw("Bo&AN8-"));
  const std::vector<std::string> names = account.list();
  EXPECT_EQ(std::count(names.begin(), names.end(), "Bo\xC3\x9F"), 1);
  account.append_all("Bo\xC3\x9F", {make_sample(1, 1), make_sample(1, 2)});
  account.copy("Bo\xC3\x9F", "1", "INBOX");
  account.move("Bo\xC3\x9F", "2", "INBOX");
  account.add_flags("INBOX", "1", "\\Flagged");
  account.expunge("INBOX", "2");
  EXPECT_EQ(account.status("Bo\xC3\x9F").at("MESSAGES"), 2U);
  ASSERT_EQ(account.messages("INBOX").size(), 1U);
  EXPECT_EQ(account.messages("INBOX")[0].flags.count("\\Flagged"), 1U);
  account.remove("Bo\xC3\x9F");
}

TEST_F(DovecotTest, IsFilledAndChanged) {
  ImapAccount account(server().imap_port(), server().fresh_user());
  fill_and_change(account);
  EXPECT_TRUE(server().commands(account.user()).empty());
}

TEST_F(CyrusTest, IsFilledAndChanged) {
  ImapAccount account(server().imap_port(), server().fresh_user());
  fill_and_change(account);
  EXPECT_TRUE(server().commands(account.user()).empty());
}

TEST_F(CyrusTest, ShowsOverJmapWhatCameOverImap) {
  ImapAccount account(server().imap_port(), server().fresh_user());
  account.append("INBOX", kMessage, {.flags = {"\\Seen"}});
  JmapAccount jmap(server(), account.user());
  ASSERT_EQ(jmap.emails().size(), 1U);
  EXPECT_EQ(jmap.download(jmap.emails().front().blob_id), kMessage);
}

TEST_F(DovecotTest, ServesAMaildir) {
  const std::string user = server().fresh_user();
  DovecotServer& maildirs =
      server(DovecotOptions::serving("maildir:" + server().folder() + "/md/%u:LAYOUT=fs"));
  ImapAccount account(maildirs.imap_port(), user);
  account.create("A/B");
  account.append("A/B", kMessage);
  EXPECT_EQ(account.messages("A/B").at(0).sha256, kDigest);
  EXPECT_EQ(account.list(), (std::vector<std::string>{"A/B", "INBOX"}));
}

}  // namespace
}  // namespace mailpipe::testing
