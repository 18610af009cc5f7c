#include "imap_session_fixture.hpp"
#include "support/cyrus_server.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using mailpipe::testing::CyrusTest;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotTest;
using mailpipe::testing::ImapAccount;

const std::string kMessage = "Subject: one\r\n\r\nHello, world.\r\n";

void read_a_message(Client& client) {
  client.send(Command("EXAMINE").mailbox("INBOX"));
  const auto fetched =
      client.ask(Command("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"));
  ASSERT_TRUE(fetched->result->ok()) << fetched->result->text;
  ASSERT_EQ(fetched->bodies.size(), 1U);
  EXPECT_EQ(fetched->bodies[0]->octets, kMessage);
  EXPECT_TRUE(fetched->bodies[0]->whole);
  const auto rows = fetched->of<FetchData>();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_NE(rows[0].uid, 0U);
  EXPECT_EQ(rows[0].size, kMessage.size());
  EXPECT_TRUE(rows[0].had_body);
  EXPECT_EQ(rows[0].internal_date->time_since_epoch().count(), 1709251198);
  EXPECT_NE(std::find(rows[0].flags->begin(), rows[0].flags->end(), "\\Seen"),
            rows[0].flags->end());
}

using DovecotSession = DovecotTest;
using CyrusSession = CyrusTest;

TEST_F(DovecotSession, ReadsAMessageUnencryptedOnLoopback) {
  Client client(server().imap_port(), server().fresh_user());
  ImapAccount(server().imap_port(), client.settings.user)
      .append("INBOX", kMessage, {{"\\Seen"}, 1709251198});
  client.open();
  read_a_message(client);
}

TEST_F(DovecotSession, ReadsAMessageOverTls) {
  Client client(server().imaps_port(), server().fresh_user());
  client.settings.tls = Tls::Implicit;
  client.settings.ca_file = server().ca_file();
  ImapAccount(server().imap_port(), client.settings.user)
      .append("INBOX", kMessage, {{"\\Seen"}, 1709251198});
  client.open();
  read_a_message(client);
}

TEST_F(DovecotSession, ReadsAMessageAfterStartTls) {
  Client client(server().imap_port(), server().fresh_user());
  client.settings.tls = Tls::StartTls;
  client.settings.ca_file = server().ca_file();
  ImapAccount(server().imap_port(), client.settings.user)
      .append("INBOX", kMessage, {{"\\Seen"}, 1709251198});
  client.open();
  read_a_message(client);
}

TEST_F(DovecotSession, ReadsAMessageWithoutAnyExtension) {
  auto& dovecot = server(DovecotOptions::plain());
  Client client(dovecot.imap_port(), dovecot.fresh_user());
  ImapAccount(dovecot.imap_port(), client.settings.user)
      .append("INBOX", kMessage, {{"\\Seen"}, 1709251198});
  client.open();
  read_a_message(client);
}

TEST_F(DovecotSession, KnowsTheCapabilitiesAfterTheLogin) {
  Client client(server().imap_port(), server().fresh_user());
  client.open();
  EXPECT_TRUE(client.session->capabilities().list_status());
  EXPECT_TRUE(client.session->capabilities().qresync());
}

TEST_F(DovecotSession, TellsAWrongPasswordAfterOneNewReading) {
  Client client(server().imap_port(), server().fresh_user());
  client.host.secrets["/password"] = "wrong";
  const Error error = error_of([&] { client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Auth);
  EXPECT_EQ(client.host.refreshes, 1);
  EXPECT_EQ(std::string(error.what()).find("wrong"), std::string::npos);
}

TEST_F(DovecotSession, LogsInWithThePasswordReadAgain) {
  Client client(server().imap_port(), server().fresh_user());
  client.host.secrets["/password"] = "old";
  client.host.refreshed_secrets["/password"] = "secret";
  client.open();
  EXPECT_EQ(client.host.refreshes, 1);
}

TEST_F(DovecotSession, ListsNamesOfAllKinds) {
  Client client(server().imap_port(), server().fresh_user());
  ImapAccount account(server().imap_port(), client.settings.user);
  account.create("a \"quoted\\ one");
  account.create("B\xc3\xbc\x63her & more");
  client.open();
  const auto listed = client.ask(
      Command("LIST \"\" \"*\" RETURN (STATUS (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ))"));
  EXPECT_EQ(listed->of<ListEntry>().size(), listed->of<StatusData>().size());
  std::set<std::string> names;
  for (const StatusData& status : listed->of<StatusData>()) {
    names.insert(status.name);
    EXPECT_TRUE(status.uid_validity && status.uid_next && status.highest_modseq);
  }
  for (const ListEntry& entry : listed->of<ListEntry>()) {
    EXPECT_TRUE(names.contains(entry.name)) << entry.name;
    const auto examined = client.ask(Command("EXAMINE").mailbox(entry.name));
    EXPECT_TRUE(examined->result->ok()) << entry.name;
  }
  EXPECT_TRUE(names.contains("B&APw-cher &- more"));
}

TEST_F(CyrusSession, ReadsAMessage) {
  Client client(server().imap_port(), server().fresh_user());
  ImapAccount(server().imap_port(), client.settings.user)
      .append("INBOX", kMessage, {{"\\Seen"}, 1709251198});
  client.open();
  read_a_message(client);
}

TEST_F(CyrusSession, AnswersManyCommandsInFlight) {
  Client client(server().imap_port(), server().fresh_user());
  client.open();
  std::vector<std::shared_ptr<Recorder>> answers;
  for (int i = 0; i < 2000; ++i) {
    answers.push_back(client.send(Command("EXAMINE").mailbox(i % 2 == 0 ? "INBOX" : "missing")));
  }
  client.session->finish();
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(answers[i]->result->ok(), i % 2 == 0);
  }
}

}  // namespace
