#include "email.hpp"
#include "fields.hpp"
#include "jmap_source_fixture.hpp"
#include "json_guard.hpp"
#include "loop_guard.hpp"
#include "mailbox_tree.hpp"
#include "utc_date.hpp"

namespace mailpipe::jmap {
namespace {

using nlohmann::json;
using test::FakeJmap;
using test::Reply;
using test::ScriptedHttpServer;

Error failure(TestSource& source) {
  return source.list_failure();
}

TEST(JmapSession, TellsTheStreamByAccountIdAndName) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto told = source.list();
  EXPECT_EQ(told.names, Strings{"a1"});
  EXPECT_EQ(told.labels, Strings{"ann"});
}

TEST(JmapSession, AsksWellKnownWhereOnlyAHostIsGiven) {
  FakeJmap server;
  server.http().on("/.well-known/jmap", {Reply::redirect(301, "/jmap/session")});
  TestSource source(server.http().url(""));
  EXPECT_EQ(source.list().names, Strings{"a1"});
}

TEST(JmapSession, RefusesSeveralAccountsAndListsThem) {
  FakeJmap server;
  server.edit_session([](json& session) { session["accounts"]["a2"] = {{"name", "shared"}}; });
  TestSource source(server.session_url());
  const Error error = failure(source);
  EXPECT_EQ(error.error_class(), ErrorClass::Config);
  EXPECT_NE(error.hint().find("a1 (ann), a2 (shared)"), std::string::npos) << error.hint();
}

TEST(JmapSession, PicksAnAccountByIdOrName) {
  FakeJmap server;
  server.edit_session([](json& session) {
    session["accounts"]["a2"] = {{"name", "shared"}, {"accountCapabilities", nullptr}};
  });
  EXPECT_EQ(TestSource(server.session_url(), {{"account", "a2"}}).list().names, Strings{"a2"});
  EXPECT_EQ(TestSource(server.session_url(), {{"account", "ann"}}).list().names, Strings{"a1"});
  TestSource wrong(server.session_url(), {{"account", "bob"}});
  EXPECT_EQ(failure(wrong).error_class(), ErrorClass::Config);
}

TEST(JmapSession, LeavesOutAccountsWithoutMail) {
  FakeJmap server;
  server.edit_session([](json& session) {
    session["accounts"]["a2"] = {{"name", "calendar"}, {"accountCapabilities", json::object()}};
  });
  EXPECT_EQ(TestSource(server.session_url()).list().names, Strings{"a1"});
}

class JmapForeignUrl : public testing::TestWithParam<const char*> {};

TEST_P(JmapForeignUrl, IsRefusedBeforeTheTokenIsSentThere) {
  ScriptedHttpServer canary;
  FakeJmap server;
  server.edit_session([&](json& session) {
    session[GetParam()] = canary.url("/x/{accountId}/{blobId}/{name}/{type}");
  });
  TestSource source(server.session_url());
  const Error error = failure(source);
  EXPECT_EQ(error.error_class(), ErrorClass::Config);
  EXPECT_NE(std::string(error.what()).find(GetParam()), std::string::npos) << error.what();
  EXPECT_EQ(canary.connections(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Urls, JmapForeignUrl, testing::Values("apiUrl", "downloadUrl"),
                         [](const auto& row) { return std::string(row.param); });

TEST(JmapSession, TalksToAnotherHostThatIsAllowed) {
  FakeJmap api;
  FakeJmap server;
  server.edit_session([&](json& session) { session["apiUrl"] = api.http().url("/jmap/api/"); });
  TestSource source(server.session_url(),
                    {{"allow_hosts", {"127.0.0.1:" + std::to_string(api.http().port())}}});
  EXPECT_EQ(source.list().names, Strings{"a1"});
  EXPECT_GT(api.http().requests("/jmap/api/"), 0U);
}

struct SessionRow {
  const char* name;
  const char* text;
  ErrorClass error_class;
};

class JmapBadSession : public testing::TestWithParam<SessionRow> {};

TEST_P(JmapBadSession, EndsWithOneClearError) {
  ScriptedHttpServer server;
  server.on("/", {Reply::json(GetParam().text)});
  TestSource source(server.url("/session"));
  const Error error = failure(source);
  EXPECT_EQ(error.error_class(), GetParam().error_class) << error.what();
  EXPECT_NE(std::string(error.what()).find("127.0.0.1:"), std::string::npos) << error.what();
}

INSTANTIATE_TEST_SUITE_P(
    Rows, JmapBadSession,
    testing::Values(SessionRow{"Html", "<html>sign in</html>", ErrorClass::Permanent},
                    SessionRow{"Empty", "", ErrorClass::Permanent},
                    SessionRow{"AList", "[]", ErrorClass::Permanent},
                    SessionRow{"SomethingElse", R"({"hello":"world"})", ErrorClass::Config},
                    SessionRow{"AccountsOfWrongType",
                               R"({"apiUrl":"/a","downloadUrl":"/{blobId}","accounts":5})",
                               ErrorClass::Permanent},
                    SessionRow{"AccountOfWrongType",
                               R"({"apiUrl":"/a","downloadUrl":"/{blobId}","accounts":{"a":5}})",
                               ErrorClass::Permanent},
                    SessionRow{"NoAccount",
                               R"({"apiUrl":"/a","downloadUrl":"/{blobId}","accounts":{}})",
                               ErrorClass::Config},
                    SessionRow{"UrlOfWrongType",
                               R"({"apiUrl":7,"downloadUrl":"/{blobId}","accounts":{"a":{}}})",
                               ErrorClass::Permanent},
                    SessionRow{"NoPlaceForBlob",
                               R"({"apiUrl":"/a","downloadUrl":"/x","accounts":{"a":{}}})",
                               ErrorClass::Permanent},
                    SessionRow{"AccountIdWithSlash",
                               R"({"apiUrl":"/a","downloadUrl":"/{blobId}","accounts":{"a/b":{}}})",
                               ErrorClass::Permanent},
                    SessionRow{"Utf8Broken", "{\"apiUrl\":\"\xff\xfe\"}", ErrorClass::Permanent}),
    [](const auto& row) { return row.param.name; });

TEST(JmapSession, RefusesJsonNestedAHundredThousandDeep) {
  ScriptedHttpServer server;
  server.on("/", {Reply::json(std::string(100'000, '['))});
  TestSource source(server.url("/session"));
  EXPECT_EQ(failure(source).error_class(), ErrorClass::Permanent);
}

TEST(JmapSession, StopsAnAnswerThatNeverEnds) {
  ScriptedHttpServer server;
  Reply endless = Reply::json(std::string(65536, ' '));
  endless.endless = true;
  server.on("/", {endless});
  TestSource source(server.url("/session"), {{"max_answer", 1 << 20}});
  EXPECT_EQ(failure(source).error_class(), ErrorClass::Permanent);
}

TEST(JmapSession, EndsAtAWrongTokenWithoutRepeatingIt) {
  ScriptedHttpServer server;
  server.on("/", {Reply::error(401)});
  TestSource source(server.url("/session"));
  const Error error = failure(source);
  EXPECT_EQ(error.error_class(), ErrorClass::Auth);
  EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos);
  EXPECT_EQ(server.requests(), 1U) << "the token read anew is the same";
}

TEST(JmapSession, TakesAFreshTokenOnceWhenTheOldOneHasExpired) {
  FakeJmap server;
  TestSource source(server.session_url());
  source.fake.refreshed_secrets["/token"] = "fresh";
  server.http().on("/jmap/session", [](const test::HttpSeen& seen) {
    return seen.headers.at("authorization") == "Bearer fresh"
               ? Reply::json(R"({"apiUrl":5,"accounts":{}})")
               : Reply::error(401);
  });
  EXPECT_EQ(failure(source).error_class(), ErrorClass::Permanent) << "it got in and read nonsense";
  EXPECT_EQ(source.fake.refreshes, 1);
}

TEST(JmapOptions, WantExactlyOneLogin) {
  test::FakeHost fake;
  const auto make = [&](const char* text) { JmapSource(Options(text), fake); };
  EXPECT_THROW(make(R"({"session_url":"https://a.org/"})"), Error);
  EXPECT_THROW(make(R"({"session_url":"https://a.org/","user":"bob"})"), Error);
  EXPECT_THROW(make(R"({"session_url":"https://a.org/","token":{},"user":"bob","password":{}})"),
               Error);
  EXPECT_NO_THROW(make(R"({"session_url":"https://a.org/","user":"bob","password":{}})"));
}

TEST(JmapOptions, RefusePlainHttpToAnotherMachine) {
  test::FakeHost fake;
  EXPECT_THROW(
      JmapSource(Options(R"({"session_url":"http://mail.example.org/","token":{}})"), fake), Error);
}

TEST(JmapIds, AreWhatTheStandardSays) {
  EXPECT_TRUE(is_id("M-_9z"));
  EXPECT_TRUE(is_id(std::string(255, 'a')));
  EXPECT_FALSE(is_id(""));
  EXPECT_FALSE(is_id("a/b"));
  EXPECT_FALSE(is_id(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_id(std::string(300, 'a')));
  EXPECT_FALSE(is_id("a:b"));
  EXPECT_FALSE(is_id(".."));
}

TEST(JmapJsonGuard, LooksThroughStringsAndEscapes) {
  EXPECT_TRUE(is_tame_json("\"" + std::string(1000, '[') + "\""));
  EXPECT_TRUE(is_tame_json("\"\\\"" + std::string(1000, '[') + "\""));
  EXPECT_TRUE(is_tame_json(std::string(64, '[')));
  EXPECT_FALSE(is_tame_json(std::string(65, '[')));
  EXPECT_FALSE(is_tame_json("[" + std::string(3'000'000, ',')));
}

TEST(JmapUtcDate, ReadsWhatTheStandardAllows) {
  const auto seconds = [](std::string_view text) {
    return parse_utc_date(text)->time_since_epoch().count();
  };
  EXPECT_EQ(seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(seconds("2014-10-30T06:12:00Z"), 1414649520);
  EXPECT_EQ(seconds("2014-10-30T06:12:00.5Z"), 1414649520);
  EXPECT_EQ(seconds("1969-12-31T23:59:59Z"), -1);
  EXPECT_EQ(seconds("2024-02-29T12:00:00Z"), 1709208000);
}

TEST(JmapUtcDate, RefusesEverythingElse) {
  for (const char* text : {"", "2014-10-30", "2014-10-30T06:12:00", "2014-10-30T06:12:00+01:00",
                           "2014-13-30T06:12:00Z", "2023-02-29T06:12:00Z", "2014-10-30T24:00:00Z",
                           "2014-10-30t06:12:00z", "2014-10-30T06:12:00.Z", "2014-10-30T06:12:00Z ",
                           "-014-10-30T06:12:00Z"}) {
    EXPECT_FALSE(parse_utc_date(text)) << text;
  }
}

TEST(JmapLoopGuard, FindsCirclesOfAnyLength) {
  for (const int length : {1, 2, 3, 7, 100}) {
    LoopGuard guard;
    bool found = false;
    for (int i = 0; i < 5 * length + 5 && !found; ++i) {
      found = guard.repeats(std::to_string(i % length));
    }
    EXPECT_TRUE(found) << length;
  }
}

TEST(JmapLoopGuard, HasNoFalseAlarm) {
  LoopGuard guard;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(guard.repeats(std::to_string(i)));
  }
}

TEST(JmapMailboxes, HavePathsWithNamesAsTheyAre) {
  const auto mailboxes = with_paths({{"1", "Lists/old", "", ""}, {"2", "dev", "1", ""}});
  EXPECT_EQ(mailboxes[1].path, (Strings{"Lists/old", "dev"}));
}

TEST(JmapMailboxes, EndTheirPathWhereParentsGoRoundOrAreMissing) {
  const auto mailboxes = with_paths(
      {{"1", "a", "2", ""}, {"2", "b", "1", ""}, {"3", "c", "nowhere", ""}, {"4", "d", "4", ""}});
  EXPECT_EQ(mailboxes[0].path, (Strings{"b", "a"}));
  EXPECT_EQ(mailboxes[1].path, (Strings{"a", "b"}));
  EXPECT_EQ(mailboxes[2].path, Strings{"c"});
  EXPECT_EQ(mailboxes[3].path, Strings{"d"});
}

TEST(JmapMailboxes, MayNotLieAThousandLevelsDeep) {
  std::vector<MailboxRow> rows;
  for (int i = 1; i <= 1000; ++i) {
    rows.push_back({std::to_string(i), "x", std::to_string(i - 1), ""});
  }
  EXPECT_THROW(with_paths(rows), Error);
}

}  // namespace
}  // namespace mailpipe::jmap
