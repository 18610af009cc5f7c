#include "support/delay_proxy.hpp"

#include "support/line_client.hpp"
#include "support/model_imap_server.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace mailpipe::testing {
namespace {

TEST(DelayProxy, CountsTheTurnsOfAnImapSession) {
  const test::ModelImapServer server;
  DelayProxy proxy(server.port(), std::chrono::milliseconds(20));
  const auto begin = std::chrono::steady_clock::now();
  {
    LineClient client(proxy.port());
    client.read_line();
    client.send("a LOGIN u secret\r\n");
    client.read_until("a OK", "a ");
    client.send("b EXAMINE INBOX\r\nc NOOP\r\nd LOGOUT\r\n");
    client.read_until("d OK", "d ");
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
  const DelayProxy::Traffic traffic = proxy.traffic();
  EXPECT_EQ(traffic.connections, 1U);
  EXPECT_EQ(traffic.turns, 2U);
  EXPECT_EQ(traffic.octets_in, server.stats().octets_in);
  EXPECT_EQ(traffic.octets_out, server.stats().octets_out);
}

}  // namespace
}  // namespace mailpipe::testing
