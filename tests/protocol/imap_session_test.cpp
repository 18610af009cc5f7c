#include "imap_session_fixture.hpp"
#include "support/scripted_imap_server.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using mailpipe::test::ScriptedImapServer;
using namespace std::chrono_literals;

const std::string kLogin =
    "S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR LITERAL+] ready\n"
    "C: AUTHENTICATE PLAIN *\n"
    "S: $tag OK [CAPABILITY IMAP4rev1 LITERAL+] in\n";
const std::string kGoodbye = "C: LOGOUT\n";

/// After the login the server plays `script`; LOGOUT is said when the session is still whole.
struct Served {
  explicit Served(const std::string& script, std::chrono::seconds timeout = 10s)
      : server({kLogin + script}),
        client(server.port()) {
    client.settings.timeout = timeout;
    client.open();
  }

  ScriptedImapServer server;
  Client client;
};

// ---- logging in

TEST(ImapSession, AsksForCapabilitiesWhereTheyAreNotTold) {
  ScriptedImapServer server(
      {"S: * OK ready\nC: CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: $tag OK\n"
       "C: AUTHENTICATE PLAIN\nS: + \nC- AGFubmEAc2VjcmV0\nS: $tag OK in\n"
       "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 QRESYNC\nS: $tag OK\n" +
       kGoodbye});
  Client client(server.port());
  client.open();
  EXPECT_TRUE(client.session->capabilities().qresync());
  EXPECT_FALSE(client.session->capabilities().has("AUTH=PLAIN"));
  client.session.reset();
  EXPECT_EQ(server.problem(), "");
}

TEST(ImapSession, SendsNoPasswordWhereTheServerForbidsIt) {
  ScriptedImapServer server({"S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] ready\n"});
  Client client(server.port());
  EXPECT_EQ(error_of([&] { client.open(); }).error_class(), ErrorClass::Config);
  EXPECT_EQ(server.received(), std::vector<std::string>());
}

TEST(ImapSession, SendsNoPasswordUnencryptedOverTheNetwork) {
  Client client(1);
  client.settings.host = "192.0.2.1";
  const Error error = error_of([&] { client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Config);
  EXPECT_EQ(client.host.counted("octets_out"), 0U);
}

TEST(ImapSession, AnswersTheReasonOfARefusalBeforeItGivesUp) {
  ScriptedImapServer server(
      {"S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready\nC: AUTHENTICATE XOAUTH2 *\n"
       "S: + eyJzdGF0dXMiOiI0MDEifQ==\nC- \nS: $tag NO [AUTHENTICATIONFAILED] expired\n"});
  Client client(server.port());
  client.host.secrets = {{"/token", "t0ken"}};
  client.settings.token = true;
  client.settings.auth = AuthKind::XOAuth2;
  const Error error = error_of([&] { client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Auth);
  EXPECT_EQ(std::string(error.what()).find("t0ken"), std::string::npos);
  EXPECT_EQ(client.host.refreshes, 1);
}

TEST(ImapSession, AsksOnceAgainForATokenThatHasExpired) {
  const std::string login =
      "S: * OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER SASL-IR] ready\nC: AUTHENTICATE OAUTHBEARER "
      "*\n";
  ScriptedImapServer server({login + "S: + e30=\nC- AQ==\nS: $tag NO no\n",
                             login + "S: $tag OK [CAPABILITY IMAP4rev1] in\n" + kGoodbye});
  Client client(server.port());
  client.host.secrets = {{"/token", "old"}};
  client.settings.token = true;
  client.host.refreshed_secrets = {{"/token", "new"}};
  client.settings.auth = AuthKind::OAuthBearer;
  client.open();
  client.session.reset();
  EXPECT_EQ(server.problem(), "");
  EXPECT_EQ(client.host.counted("imap_connections"), 2U);
}

TEST(ImapSession, ReadsTheTokenAgainWhenItExpiresInTheMiddle) {
  Served served("C: NOOP\nS: * BYE Session invalidated - AccessTokenExpired\n");
  const auto answer = served.client.send(Command("NOOP"));
  const Error error = error_of([&] { served.client.session->finish(); });
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_EQ(served.client.host.refreshes, 1);
  EXPECT_TRUE(served.client.session->broken());
  EXPECT_FALSE(answer->result);
}

TEST(ImapSession, TellsTooManyConnectionsFromAWrongPassword) {
  ScriptedImapServer server(
      {"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\n"
       "S: $tag NO [ALERT] Too many simultaneous connections. (Failure)\n"});
  Client client(server.port());
  EXPECT_EQ(error_of([&] { client.open(); }).error_class(), ErrorClass::RateLimit);
  EXPECT_EQ(client.host.refreshes, 0);
}

TEST(ImapSession, TellsWhatAServerSaysInPlaceOfAGreeting) {
  ScriptedImapServer server({"S: * BYE [UNAVAILABLE] Suggested Backoff Time: 5000 milliseconds\n"});
  Client client(server.port());
  const Error error = error_of([&] { client.open(); });
  EXPECT_EQ(error.error_class(), ErrorClass::RateLimit);
  EXPECT_EQ(error.retry_after(), 5s);
}

TEST(ImapSession, TakesPreauthWhereNothingIsToBeSecured) {
  ScriptedImapServer server({"S: * PREAUTH [CAPABILITY IMAP4rev1] welcome\n" + kGoodbye});
  Client client(server.port());
  client.open();
  client.session.reset();
  EXPECT_EQ(server.problem(), "");
}

TEST(ImapSession, TellsThatNobodyListens) {
  Client client(1);
  EXPECT_EQ(error_of([&] { client.open(); }).error_class(), ErrorClass::Transient);
}

// ---- commands and answers

TEST(ImapSession, AttributesWhatIsUntaggedToTheOldestCommand) {
  Served served(
      "C: EXAMINE \"a\"\nS: * 1 EXISTS\nS: $tag OK [READ-ONLY] a\n"
      "C: UID FETCH 1 (FLAGS)\nS: * 1 FETCH (UID 1 FLAGS ())\nS: $tag OK\n"
      "C: EXAMINE \"b\"\nS: $tag NO [NONEXISTENT] b\n"
      "C: UID FETCH 2 (FLAGS)\nS: * 9 EXPUNGE\nS: $tag BAD no mailbox\n" +
      kGoodbye);
  const auto a = served.client.send(Command("EXAMINE").mailbox("a"));
  const auto in_a = served.client.send(Command("UID FETCH 1 (FLAGS)"));
  const auto b = served.client.send(Command("EXAMINE").mailbox("b"));
  const auto in_b = served.client.send(Command("UID FETCH 2 (FLAGS)"));
  served.client.session->finish();
  EXPECT_EQ(a->of<ExistsData>().at(0).messages, 1U);
  EXPECT_EQ(in_a->of<FetchData>().at(0).uid, 1U);
  EXPECT_EQ(b->result->code.name, "NONEXISTENT");
  EXPECT_EQ(in_b->of<ExpungeData>().size(), 1U);
  EXPECT_EQ(in_b->result->status, Completion::Status::Bad);
  served.client.session.reset();
  EXPECT_EQ(served.server.problem(), "");
}

TEST(ImapSession, OutlivesWhatComesUnasked) {
  Served served(
      "C: NOOP\nS: $tag OK\nS: * 1 FETCH (UID 1 BODY[] {3}\nS: abc)\n"
      "S: * 2 EXPUNGE\nS: * OK [ALERT] maintenance\\x1b[2J\nC: NOOP\nS: $tag OK\n" +
      kGoodbye);
  EXPECT_TRUE(served.client.ask(Command("NOOP"))->result->ok());
  EXPECT_TRUE(served.client.ask(Command("NOOP"))->result->ok());
  const auto logged = served.client.host.logged();
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_NE(logged[0].find("maintenance"), std::string::npos);
  EXPECT_EQ(logged[0].find('\x1b'), std::string::npos);
}

TEST(ImapSession, GoesOnAfterAnAnswerThatCannotBeRead) {
  Served served(
      "C: UID FETCH 1:3 (BODY.PEEK[])\n"
      "S: * 1 FETCH (UID 4294967300 BODY[] {3}\nS: abc)\n"
      "S: * 2 FETCH (UID 2 BODY[] {3}\nS: def)\nS: * NONSENSE\nS: $tag OK\n"
      "C: NOOP\nS: $tag OK\n" +
      kGoodbye);
  const auto fetched = served.client.ask(Command("UID FETCH 1:3 (BODY.PEEK[])"));
  ASSERT_EQ(fetched->unreadables.size(), 1U);
  EXPECT_NE(fetched->unreadables[0].find("a number is too large"), std::string::npos);
  EXPECT_EQ(fetched->of<FetchData>().at(0).uid, 2U);
  EXPECT_TRUE(fetched->result->ok());
  EXPECT_TRUE(served.client.ask(Command("NOOP"))->result->ok());
  EXPECT_EQ(served.client.host.counted("imap_unknown_responses"), 1U);
  EXPECT_EQ(served.client.host.counted("imap_unreadable_responses"), 1U);
}

TEST(ImapSession, WritesALiteralWhenTheServerAsks) {
  ScriptedImapServer server(
      {"S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\nC: AUTHENTICATE PLAIN *\n"
       "S: $tag OK [CAPABILITY IMAP4rev1] in\n"
       "C: EXAMINE {3}\nS: + go\nC- B\xc3\xbc\nS: $tag OK\n" +
       kGoodbye});
  Client client(server.port());
  client.open();
  EXPECT_TRUE(client.ask(Command("EXAMINE").mailbox("B\xc3\xbc"))->result->ok());
}

TEST(ImapSession, CountsCommandsOctetsAndRoundTrips) {
  Served served("C: NOOP\nS: $tag OK\nC: NOOP\nS: $tag OK\n" + kGoodbye);
  const auto before = served.client.host.counted("round_trips");
  served.client.ask(Command("NOOP"));
  served.client.ask(Command("NOOP"));
  EXPECT_EQ(served.client.host.counted("round_trips") - before, 2U);
  EXPECT_EQ(served.client.host.counted("imap_commands"), 3U);
  EXPECT_GT(served.client.host.counted("octets_in"), 0U);
}

TEST(ImapSession, RefusesAnAnswerToACommandNeverGiven) {
  Served served("C: NOOP\nS: M99 OK\n");
  served.client.send(Command("NOOP"));
  EXPECT_EQ(error_of([&] { served.client.session->finish(); }).error_class(),
            ErrorClass::Transient);
}

TEST(ImapSession, ReturnsWhenTheCallerIsWoken) {
  Served served("! stall\n");
  const int fd = ::eventfd(1, EFD_CLOEXEC);
  served.client.session->pump(fd, 1h);
  EXPECT_FALSE(served.client.session->broken());
  ::close(fd);
}

TEST(ImapSession, ReturnsWhenItsTimeIsUp) {
  Served served("! stall\n");
  served.client.send(Command("NOOP"));
  served.client.session->pump(-1, 10ms);
  EXPECT_EQ(served.client.session->unanswered(), 1U);
}

TEST(ImapSession, StopsAtOnceWhenTheRunIsAborted) {
  Served served("! stall\n");
  served.client.send(Command("NOOP"));
  served.client.host.abort();
  EXPECT_EQ(error_of([&] { served.client.session->finish(); }).error_class(),
            ErrorClass::Cancelled);
}

// ---- ends of all kinds

struct End {
  const char* name;
  std::string script;
  ErrorClass error_class;
  std::string words;
  std::chrono::seconds timeout = 10s;  ///< short where silence is what ends it
};

void PrintTo(const End& end, std::ostream* out) {
  *out << end.name;
}

const End kEnds[] = {
    {"ClosedAtOnce", "! close\n", ErrorClass::Transient, "closed the connection"},
    {"ClosedInALine", "S- * 1 FET\n! close\n", ErrorClass::Transient, "in the middle of an answer"},
    {"ClosedInALiteral", "S- * 1 FETCH (UID 1 BODY[] {500}\\r\\nabc\n! close\n",
     ErrorClass::Transient, "in the middle of an answer"},
    {"ByeInALiteral",
     "S- * 1 FETCH (UID 1 BODY[] {500}\\r\\nabc\\r\\n* BYE Internal error\\r\\n\n! close\n",
     ErrorClass::Transient, "Internal error"},
    {"Reset", "S- * 1 FET\n! reset\n", ErrorClass::Transient, "connection"},
    {"Bye", "S: * BYE [UNAVAILABLE] shutting down\n", ErrorClass::Transient, "shutting down"},
    {"ByeOfGmail", "S: * BYE Session expired, please login again\n", ErrorClass::RateLimit,
     "Session expired"},
    {"ThrottledByExchange",
     "S: * BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\n! close\n",
     ErrorClass::RateLimit, "throttled"},
    {"Silence", "! stall\n", ErrorClass::Transient, "has said nothing", 1s},
    {"SilenceInALiteral", "S- * 1 FETCH (UID 1 BODY[] {500}\\r\\nabc\n! stall\n",
     ErrorClass::Transient, "has said nothing", 1s},
    {"Drip",
     "! drip 1 100\nS: * 1 FETCH (UID 1 BODY[] "
     "{500}\\r\\nabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc\n",
     ErrorClass::Transient, "next to nothing", 2s},
    {"LiteralWithoutNumber", "S: * 1 FETCH (UID 1 BODY[] {-5}\n", ErrorClass::Transient,
     "no number"},
    {"LiteralPast32Bit", "S: * 1 FETCH (UID 1 BODY[] {4294967301}\n", ErrorClass::Transient,
     "larger"},
    {"NoImapAnyMore", "S: HTTP/1.1 400 Bad Request\n", ErrorClass::Transient, "followed"},
};

class ImapSessionEnd : public ::testing::TestWithParam<End> {};

TEST_P(ImapSessionEnd, IsToldForWhatItIs) {
  Served served("C: UID FETCH 1 (BODY.PEEK[])\n" + GetParam().script, GetParam().timeout);
  const auto fetched = served.client.send(Command("UID FETCH 1 (BODY.PEEK[])"));
  const Error error = error_of([&] { served.client.session->finish(); });
  EXPECT_EQ(error.error_class(), GetParam().error_class) << error.what();
  EXPECT_NE(std::string(error.what()).find(GetParam().words), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("localhost:"), std::string::npos) << error.what();
  EXPECT_TRUE(served.client.session->broken());
  EXPECT_FALSE(fetched->result);
  for (const auto& body : fetched->bodies) {
    EXPECT_FALSE(body->whole);
  }
  EXPECT_EQ(error_of([&] { served.client.session->pump(-1, 1s); }).error_class(),
            ErrorClass::Transient);
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapSessionEnd, ::testing::ValuesIn(kEnds),
                         [](const auto& row) { return row.param.name; });

}  // namespace
