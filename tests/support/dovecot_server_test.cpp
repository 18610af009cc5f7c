#include "support/dovecot_server.hpp"

#include "support/command_log.hpp"
#include "support/line_client.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mailpipe::testing {
namespace {

std::string capabilities(const DovecotServer& server) {
  LineClient imap(server.imap_port());
  imap.send("a LOGIN someone secret\r\n");
  return imap.read_until("a OK", "a ");
}

TEST_F(DovecotTest, OffersAllItsExtensions) {
  const std::string offered = capabilities(server());
  for (const char* word : {"CONDSTORE", "QRESYNC", "LIST-STATUS", "SPECIAL-USE", "ESEARCH"}) {
    EXPECT_NE(offered.find(word), std::string::npos) << word;
  }
}

TEST_F(DovecotTest, HidesWhatItIsToldToHide) {
  EXPECT_EQ(capabilities(server(DovecotOptions::without_condstore())).find("CONDSTORE"),
            std::string::npos);
  EXPECT_EQ(capabilities(server(DovecotOptions::plain())).find("LIST-STATUS"), std::string::npos);
}

TEST_F(DovecotTest, LogsCommandsOfEachUser) {
  const std::string user = server().fresh_user();
  {
    LineClient imap(server().imap_port());
    imap.send("a LOGIN " + user +
              " secret\r\nb EXAMINE INBOX\r\nc STATUS {5+}\r\nINBOX (UIDNEXT)\r\nd LOGOUT\r\n");
    imap.read_until("d OK", "d ");
  }
  EXPECT_EQ(server().commands(user),
            (std::vector<std::string>{"EXAMINE INBOX", "STATUS {5+}INBOX (UIDNEXT)", "LOGOUT"}));
}

TEST_F(DovecotTest, RefusesAWrongPassword) {
  LineClient imap(server().imap_port());
  imap.send("a LOGIN someone wrong\r\n");
  EXPECT_TRUE(imap.read_until("a ").starts_with("a NO"));
}

TEST(CommandLog, ReadsCyrusTelemetry) {
  const auto sessions = client_octets_of_telemetry(
      "---------- u Sun\n\n>1795334603>* OK\r\n<1795334603<a NOOP\r\n>1795334603>a OK\r\n"
      "---------- u Sun\n\n<1795334604<b LIST {2}\r\n>1795334604>+ go\r\n<1795334604<\"\" *\r\n");
  ASSERT_EQ(sessions.size(), 2U);
  EXPECT_EQ(commands_in(sessions[0]), std::vector<std::string>{"NOOP"});
  EXPECT_EQ(commands_in(sessions[1]), std::vector<std::string>{"LIST {2}\"\" *"});
}

}  // namespace
}  // namespace mailpipe::testing
