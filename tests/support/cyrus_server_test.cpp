#include "support/cyrus_server.hpp"

#include "support/jmap_account.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::testing {
namespace {

std::string message(const std::string& subject) {
  return "From: Gr\xC3\xBC\xC3\x9F <sender@example.org>\r\nTo: someone@example.org\r\nSubject: " +
         subject + "\r\nMessage-ID: <" + subject +
         "@example.org>\r\nDate: Thu, 29 Feb 2024 23:59:58 +0000\r\n\r\n.dots\r\nand \xFF "
         "octets\r\n";
}

TEST_F(CyrusTest, DeliversOverLmtp) {
  JmapAccount account(server(), server().fresh_user());
  server().deliver(account.user(), message("delivered"));
  ASSERT_EQ(account.emails().size(), 1U);
  const JmapEmail email = account.emails().front();
  EXPECT_EQ(email.mailbox_ids, std::set<std::string>{account.mailbox("Inbox")});
  EXPECT_TRUE(account.download(email.blob_id).ends_with(message("delivered")));
}

TEST_F(CyrusTest, ImportsIntoTwoMailboxesWithKeywordsAndATime) {
  JmapAccount account(server(), server().fresh_user());
  const std::string lists = account.create_mailbox("Lists");
  const std::string inner = account.create_mailbox("dev \xE6\x97\xA5\xE6\x9C\xAC", lists);
  const std::string id =
      account.import_message(message("imported"), {.mailbox_ids = {lists, inner},
                                                   .keywords = {"$seen", "$flagged", "mine"},
                                                   .received_at = "2024-02-29T23:59:58Z"});
  const JmapEmail email = account.email(id);
  EXPECT_EQ(email.mailbox_ids, (std::set<std::string>{lists, inner}));
  EXPECT_EQ(email.keywords, (std::set<std::string>{"$seen", "$flagged", "mine"}));
  EXPECT_EQ(email.received_at, "2024-02-29T23:59:58Z");
  EXPECT_EQ(account.download(email.blob_id), message("imported"));
  EXPECT_EQ(email.size, message("imported").size());
}

TEST_F(CyrusTest, MovesChangesAndDestroys) {
  JmapAccount account(server(), server().fresh_user());
  const std::string id = account.import_message(message("changed"));
  account.move(id, {account.mailbox("Archive")});
  account.set_keywords(id, {"$answered"});
  EXPECT_EQ(account.email(id).mailbox_ids, std::set<std::string>{account.mailbox("Archive")});
  EXPECT_EQ(account.email(id).keywords, std::set<std::string>{"$answered"});
  account.destroy(id);
  EXPECT_TRUE(account.email_ids().empty());
}

TEST_F(CyrusTest, KeepsUsersApart) {
  JmapAccount one(server(), server().fresh_user());
  JmapAccount other(server(), server().fresh_user());
  one.import_message(message("private"));
  EXPECT_EQ(one.email_ids().size(), 1U);
  EXPECT_TRUE(other.email_ids().empty());
}

TEST_F(CyrusTest, AnswersOverHttp1AndOverTlsWithHttp2) {
  const std::string user = server().fresh_user();
  HttpClient client(user, CyrusServer::password(), server().ca_file());
  const HttpAnswer plain = client.get(server().http_url() + "/jmap");
  EXPECT_EQ(plain.status, 200);
  EXPECT_FALSE(plain.http2);
  const HttpAnswer secure = client.get(server().https_url() + "/jmap");
  EXPECT_EQ(secure.status, 200);
  EXPECT_TRUE(secure.http2);
}

TEST_F(CyrusTest, RefusesAWrongPassword) {
  HttpClient client("bob", "wrong", server().ca_file());
  EXPECT_EQ(client.get(server().https_url() + "/jmap").status, 401);
}

}  // namespace
}  // namespace mailpipe::testing
