#include "support/model_imap_server.hpp"

#include "support/line_client.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace mailpipe::test {
namespace {

/// A client that collects the answer to a command.
class Client {
 public:
  explicit Client(const ModelImapServer& server) : line_(server.port()) {
    line_.read_line();
    EXPECT_NE(say("LOGIN u secret").find("t OK"), std::string::npos);
  }

  std::string say(const std::string& command) {
    line_.send("t " + command + "\r\n");
    std::string all;
    std::string line;
    do {
      line = line_.read_line();
      all += line + "\n";
    } while (!line.starts_with("t "));
    return all;
  }

 private:
  testing::LineClient line_;
};

TEST(ModelImapServer, AnswersListStatusAndFetch) {
  ModelImapServer server;
  server.create("Sent", "\\Sent");
  server.append("Sent", 2, "\\Seen");
  Client client(server);
  EXPECT_EQ(
      client.say("LIST \"\" * RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT))"),
      "* LIST () \"/\" \"INBOX\"\n* STATUS \"INBOX\" (MESSAGES 0 UIDNEXT 1)\n"
      "* LIST (\\Sent) \"/\" \"Sent\"\n* STATUS \"Sent\" (MESSAGES 2 UIDNEXT 3)\nt OK done\n");
  EXPECT_NE(client.say("EXAMINE {4+}\r\nSent").find("* 2 EXISTS\n"), std::string::npos);
  EXPECT_EQ(client.say("UID FETCH 2:* (FLAGS BODY.PEEK[]<0.7>)"),
            "* 2 FETCH (UID 2 FLAGS (\\Seen) BODY[]<0> {7}\nFrom: a)\nt OK done\n");
  EXPECT_EQ(server.body("Sent", 2).substr(0, 7), "From: a");
  EXPECT_EQ(server.count("UID FETCH *"), 1U);
}

TEST(ModelImapServer, TellsWhatChangedByQresync) {
  ModelImapServer server;
  server.append("INBOX", 5);
  Client client(server);
  EXPECT_NE(client.say("EXAMINE INBOX (QRESYNC (1001 2))").find("t BAD"), std::string::npos);
  client.say("ENABLE QRESYNC");
  server.expunge("INBOX", 3);
  server.set_flags("INBOX", 4, "\\Seen");
  const std::string said = client.say("EXAMINE INBOX (QRESYNC (1001 2))");
  EXPECT_NE(said.find("* VANISHED (EARLIER) 3\n* 3 FETCH (UID 4 FLAGS (\\Seen) MODSEQ (4))\n"),
            std::string::npos)
      << said;
  EXPECT_EQ(client.say("UID SEARCH RETURN (ALL) ALL"),
            "* ESEARCH (TAG \"t\") UID ALL 1:2,4:5\nt OK done\n");
}

TEST(ModelImapServer, RefusesWhatItDoesNotOffer) {
  ModelImapServer server({.capabilities = ""});
  server.append("INBOX");
  Client client(server);
  client.say("EXAMINE INBOX");
  EXPECT_NE(client.say("UID FETCH 1:* (MODSEQ)").find("t BAD"), std::string::npos);
  EXPECT_NE(client.say("UID SEARCH RETURN (ALL) ALL").find("t BAD"), std::string::npos);
  EXPECT_NE(client.say("UID STORE 1 FLAGS ()").find("t BAD"), std::string::npos);
}

TEST(ModelImapServer, MisbehavesByHooks) {
  ModelImapServer server;
  server.append("INBOX", 3);
  server.on({.command = "NOOP", .times = 1, .instead = "$tag NO [OVERQUOTA] no\r\n"});
  server.on({.command = "UID FETCH 3 *",
             .cut = 12,
             .tail = "\r\n* BYE tired\r\n",
             .ending = ModelHook::Ending::Close});
  server.on_message("INBOX", 2, "");
  Client client(server);
  EXPECT_EQ(client.say("NOOP"), "t NO [OVERQUOTA] no\n");
  EXPECT_EQ(client.say("NOOP"), "t OK done\n");
  client.say("EXAMINE INBOX");
  EXPECT_EQ(client.say("UID FETCH 2 (BODY.PEEK[])"), "t OK done\n");
  EXPECT_THROW(client.say("UID FETCH 3 (BODY.PEEK[])"), std::runtime_error);
}

TEST(ModelImapServer, HoldsAMillionMessages) {
  ModelImapServer server;
  server.append("INBOX", 1000000);
  Client client(server);
  client.say("EXAMINE INBOX");
  server.reset_stats();
  EXPECT_EQ(client.say("UID SEARCH RETURN (ALL COUNT) ALL"),
            "* ESEARCH (TAG \"t\") UID COUNT 1000000 ALL 1:1000000\nt OK done\n");
  EXPECT_NE(client.say("UID FETCH 1000000 (EMAILID)").find("EMAILID (M1000000)"),
            std::string::npos);
  EXPECT_EQ(server.stats().round_trips, 2U);
}

}  // namespace
}  // namespace mailpipe::test
