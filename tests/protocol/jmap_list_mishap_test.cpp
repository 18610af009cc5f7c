#include "jmap_source_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace mailpipe::jmap {
namespace {

using nlohmann::json;
using test::FakeJmap;
using test::RecordingEmitter;
using test::Reply;

struct MethodRow {
  const char* type;
  ErrorClass error_class;
};

class JmapMethodError : public testing::TestWithParam<MethodRow> {};

TEST_P(JmapMethodError, HasItsClassAndIsNamed) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  server.override_method("Email/changes",
                         [](const json&, const json&) { return FakeJmap::error(GetParam().type); });
  const Error error = source.list_failure(before.cursors());
  EXPECT_EQ(error.error_class(), GetParam().error_class) << error.what();
  EXPECT_NE(std::string(error.what()).find(GetParam().type), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("Email/changes"), std::string::npos) << error.what();
}

INSTANTIATE_TEST_SUITE_P(Rows, JmapMethodError,
                         testing::Values(MethodRow{"limit", ErrorClass::RateLimit},
                                         MethodRow{"rateLimit", ErrorClass::RateLimit},
                                         MethodRow{"serverUnavailable", ErrorClass::Transient},
                                         MethodRow{"serverFail", ErrorClass::Transient},
                                         MethodRow{"serverPartialFail", ErrorClass::Transient},
                                         MethodRow{"accountNotFound", ErrorClass::Config},
                                         MethodRow{"accountNotSupportedByMethod",
                                                   ErrorClass::Config},
                                         MethodRow{"forbidden", ErrorClass::Auth},
                                         MethodRow{"tooManyChanges", ErrorClass::Permanent},
                                         MethodRow{"requestTooLarge", ErrorClass::Permanent},
                                         MethodRow{"somethingNew", ErrorClass::Permanent}),
                         [](const auto& row) { return row.param.type; });

struct EmailRow {
  const char* name;
  const char* field;
  json value;
};

class JmapBadEmail : public testing::TestWithParam<EmailRow> {};

TEST_P(JmapBadEmail, FailsTheListingWithoutACheckpoint) {
  FakeJmap server;
  fill(server, 1, 1);
  server.override_method("Email/get", [](const json&, json answer) {
    for (json& email : answer["list"]) {
      email[GetParam().field] = GetParam().value;
    }
    return answer;
  });
  TestSource source(server.session_url());
  RecordingEmitter told;
  const Error error = source.list_failure(told);
  EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
  const std::string text = error.what();
  EXPECT_NE(text.find("Email/get"), std::string::npos) << text;
  EXPECT_EQ(text.find('\0'), std::string::npos);
  EXPECT_LT(text.size(), 1000U);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
  EXPECT_EQ(told.count(EventKind::ListingEnd), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, JmapBadEmail,
    testing::Values(
        EmailRow{"IdWithSlash", "id", "a/../b"},
        EmailRow{"IdWithNul", "id", std::string("a\0b", 3)},
        EmailRow{"IdOf300Octets", "id", std::string(300, 'a')}, EmailRow{"IdEmpty", "id", ""},
        EmailRow{"IdANumber", "id", 5}, EmailRow{"BlobIdWithSlash", "blobId", "../../etc/passwd"},
        EmailRow{"BlobIdNull", "blobId", nullptr}, EmailRow{"SizeNegative", "size", -1},
        EmailRow{"SizeAText", "size", "12"}, EmailRow{"SizeBeyondTheStandard", "size", 1ULL << 60},
        EmailRow{"SizeAFraction", "size", 1.5},
        EmailRow{"DateWithZone", "receivedAt", "2024-01-01T00:00:00+01:00"},
        EmailRow{"DateANumber", "receivedAt", 1700000000},
        EmailRow{"MailboxesAList", "mailboxIds", json::array({"inbox"})},
        EmailRow{"MailboxIdWithNul", "mailboxIds", json{{std::string("a\0b", 3), true}}},
        EmailRow{"KeywordsAText", "keywords", "$seen"},
        EmailRow{"KeywordNotTrue", "keywords", json{{"$seen", 1}}}),
    [](const auto& row) { return row.param.name; });

struct AnswerRow {
  const char* name;
  const char* body;
};

class JmapBadAnswer : public testing::TestWithParam<AnswerRow> {};

TEST_P(JmapBadAnswer, IsAPermanentErrorThatNamesTheServer) {
  FakeJmap server;
  server.http().on("/jmap/api/", {Reply::json(GetParam().body)});
  TestSource source(server.session_url());
  const Error error = source.list_failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
  EXPECT_NE(std::string(error.what()).find("127.0.0.1:"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, JmapBadAnswer,
    testing::Values(AnswerRow{"NoJson", "oops"}, AnswerRow{"AList", "[]"},
                    AnswerRow{"NoResponses", "{}"},
                    AnswerRow{"ResponsesAnObject", R"({"methodResponses":{}})"},
                    AnswerRow{"ResponsesEmpty", R"({"methodResponses":[]})"},
                    AnswerRow{"ResponseTooShort", R"({"methodResponses":[["Email/get",{}]]})"},
                    AnswerRow{"ResponseOfNumbers", R"({"methodResponses":[[1,2,3]]})"},
                    AnswerRow{"ArgumentsAList", R"({"methodResponses":[["Email/get",[],"0"]]})"},
                    AnswerRow{"StateANumber",
                              R"({"methodResponses":[["Email/get",{"state":5,"list":[]},"0"]]})"},
                    AnswerRow{"ErrorWithoutType", R"({"methodResponses":[["error",{},"0"]]})"},
                    AnswerRow{"AnotherMethod",
                              R"({"methodResponses":[["Email/set",{"state":"1"},"0"]]})"}),
    [](const auto& row) { return row.param.name; });

TEST(JmapListMishap, EndsAPageLoop) {
  FakeJmap server;
  fill(server, 1, 40);
  server.edit_session([](json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 10;
  });
  server.override_method("Email/query", [](const json& arguments, json answer) {
    if (arguments.value("anchor", "") == "m30") {
      answer["ids"] = names(11, 20);
    }
    return answer;
  });
  TestSource source(server.session_url());
  const Error error = source.list_failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
  EXPECT_LT(server.calls("Email/query"), 30U);
}

TEST(JmapListMishap, EndsAListingOfEverNewMessages) {
  FakeJmap server;
  fill(server, 1, 1);
  server.edit_session([](json& session) {
    session["capabilities"]["urn:ietf:params:jmap:core"]["maxObjectsInGet"] = 1000;
  });
  int made = 0;
  server.override_method("Email/query", [&](const json&, json answer) {
    answer["total"] = 1;
    answer["ids"] = json::array();
    for (int i = 0; i < 1000; ++i) {
      answer["ids"].push_back("x" + std::to_string(++made));
    }
    return answer;
  });
  TestSource source(server.session_url());
  EXPECT_EQ(source.list_failure().error_class(), ErrorClass::Permanent);
}

TEST(JmapListMishap, EndsChangesThatPromiseMoreWithoutMovingOn) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  server.override_method("Email/changes", [](const json& arguments, json answer) {
    answer["newState"] = arguments["sinceState"];
    answer["hasMoreChanges"] = true;
    return answer;
  });
  EXPECT_EQ(source.list_failure(before.cursors()).error_class(), ErrorClass::Permanent);
}

TEST(JmapListMishap, EndsChangesThatGoRoundOrOnForEver) {
  for (const int length : {2, 5, 1'000'000}) {
    FakeJmap server;
    TestSource source(server.session_url());
    const auto before = source.list();
    int calls = 0;
    server.override_method("Email/changes", [&](const json&, json answer) {
      answer["newState"] = "s" + std::to_string(++calls % length);
      answer["hasMoreChanges"] = true;
      return answer;
    });
    server.override_method("Email/get", [](const json&, json answer) { return answer; });
    EXPECT_EQ(source.list_failure(before.cursors()).error_class(), ErrorClass::Permanent);
    EXPECT_LT(calls, 150);
  }
}

TEST(JmapListMishap, NeverPassesAMessageThatEmailGetLeavesOut) {
  FakeJmap server;
  fill(server, 1, 3);
  server.override_method("Email/get", [](const json&, json answer) {
    if (!answer["list"].empty()) {
      answer["list"].erase(1);
    }
    return answer;
  });
  TestSource source(server.session_url());
  RecordingEmitter told;
  const Error error = source.list_failure(told);
  EXPECT_EQ(error.error_class(), ErrorClass::Permanent);
  EXPECT_NE(std::string(error.what()).find("m2"), std::string::npos) << error.what();
  EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
}

TEST(JmapListMishap, NeverPassesChangesThatAreSinceAnotherState) {
  FakeJmap server;
  TestSource source(server.session_url());
  const auto before = source.list();
  fill(server, 1, 3);
  server.override_method("Email/changes", [](const json&, json answer) {
    answer["oldState"] = "2";
    answer["created"] = {"m3"};
    return answer;
  });
  RecordingEmitter told;
  EXPECT_EQ(source.list_failure(told, before.cursors()).error_class(), ErrorClass::Transient);
  EXPECT_EQ(told.count(EventKind::Checkpoint), 0U);
}

TEST(JmapListMishap, IsTransientWhenTheServerGoesAwayInTheListing) {
  FakeJmap server;
  fill(server, 1, 3);
  TestSource source(server.session_url());
  std::atomic<int> calls{0};
  server.http().on("/jmap/api/", [&](const test::HttpSeen&) {
    ++calls;
    return Reply::json("{\"methodResponses\":[").cut_after(5, Reply::Ending::Reset);
  });
  EXPECT_EQ(source.list_failure().error_class(), ErrorClass::Transient);
}

TEST(JmapCheck, LogsInAndSaysWhatIsWrong) {
  FakeJmap server;
  TestSource source(server.session_url());
  EXPECT_NO_THROW(source.source->check());
  server.override_method(
      "Email/get", [](const json&, const json&) { return FakeJmap::error("accountNotFound"); });
  EXPECT_THROW(source.source->check(), Error);
}

}  // namespace
}  // namespace mailpipe::jmap
