// Servers may work on several pipelined commands at once (RFC 3501 section 5.5); Dovecot does.
#include "imap_session_fixture.hpp"
#include "support/scripted_imap_server.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using mailpipe::test::ScriptedImapServer;

/// Expects the UIDs of one range, or a SEARCH result.
struct Asked : Recorder {
  Asked(std::uint32_t from, std::uint32_t to) : first(from), last(to) {}

  bool expects_fetch(std::uint32_t uid) const override { return uid >= first && uid <= last; }

  bool expects_search() const override { return last == 0; }

  std::uint32_t first, last;
};

TEST(ImapInterleaved, ResponsesGoToTheCommandThatExpectsThem) {
  ScriptedImapServer server({R"(
S: * OK [CAPABILITY IMAP4rev1] hello
C: LOGIN *
S: $tag OK [CAPABILITY IMAP4rev1] in
C: UID FETCH 1:2 *
C: UID FETCH 3:4 *
C: UID SEARCH *
S: * 1 FETCH (UID 1 BODY[] {3}\r\none)
S: * 3 FETCH (UID 3 BODY[] {5}\r\nthree)
S: * SEARCH 9
S: * 4 FETCH (BODY[] "four" UID 4)
S: $tag3 OK done
S: * 2 FETCH (UID 2 FLAGS (\\Seen))
S: $tag2 OK done
S: $tag4 OK done
)"});
  Client client(server.port());
  Session& session = client.open();
  const auto low = std::make_shared<Asked>(1, 2);
  const auto high = std::make_shared<Asked>(3, 4);
  const auto search = std::make_shared<Asked>(0, 0);
  session.send(Command("UID FETCH 1:2 (UID BODY.PEEK[])"), low);
  session.send(Command("UID FETCH 3:4 (UID BODY.PEEK[])"), high);
  session.send(Command("UID SEARCH UID 9"), search);
  session.finish();
  ASSERT_EQ(low->bodies.size(), 1U);
  EXPECT_EQ(low->bodies[0]->octets, "one");
  EXPECT_EQ(low->of<FetchData>().size(), 2U);
  ASSERT_EQ(high->bodies.size(), 2U);
  EXPECT_EQ(high->bodies[0]->octets, "three");
  EXPECT_EQ(high->bodies[1]->octets, "four");
  ASSERT_EQ(search->of<SearchData>().size(), 1U);
  EXPECT_TRUE(search->of<SearchData>()[0].uids.contains(9));
  EXPECT_TRUE(low->of<SearchData>().empty());
  EXPECT_EQ(server.problem(), "");
}

}  // namespace
