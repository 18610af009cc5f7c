#include "support/scripted_imap_server.hpp"

#include "support/line_client.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace mailpipe::test {
namespace {

using testing::LineClient;

TEST(ScriptedImapServer, PlaysItsRows) {
  ScriptedImapServer server({R"(
    S: * OK ready
    C: LOGIN * *
    C: NOOP
    S: $tag1 OK in\r\n* 1 FETCH (BODY[] {3}\r\n\x00\xFFa)
    S: $tag OK
  )"});
  {
    LineClient client(server.port());
    EXPECT_EQ(client.read_line(), "* OK ready");
    client.send("a1 LOGIN u p\r\na2 NOOP\r\n");
    EXPECT_EQ(client.read_line(), "a1 OK in");
    EXPECT_EQ(client.read_line(), "* 1 FETCH (BODY[] {3}");
    EXPECT_EQ(client.read_line(), std::string("\0\xFF"
                                              "a)",
                                              4));
    EXPECT_EQ(client.read_line(), "a2 OK");
  }
  EXPECT_EQ(server.problem(), "");
  EXPECT_EQ(server.stats().round_trips, 1U);
}

TEST(ScriptedImapServer, TellsWhatItExpectedAndGot) {
  ScriptedImapServer server({"C: EXAMINE *"});
  {
    LineClient client(server.port());
    client.send("a SELECT INBOX\r\n");
    EXPECT_THROW(client.read_line(), std::runtime_error);
  }
  EXPECT_EQ(server.problem(),
            "connection 1, row 1: expected \"EXAMINE *\", got \"SELECT INBOX\"\n");
}

TEST(ScriptedImapServer, CutsInTheMiddleAndMissesAConnection) {
  ScriptedImapServer server({"! cut 3\nS: * OK ready", "S: * OK"});
  LineClient client(server.port());
  EXPECT_EQ(client.read_octets(3), "* O");
  EXPECT_THROW(client.read_octets(1), std::runtime_error);
  EXPECT_EQ(server.problem(), "2 connections expected, got 1");
}

}  // namespace
}  // namespace mailpipe::test
