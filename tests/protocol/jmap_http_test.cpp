#include "jmap_http_fixture.hpp"
#include "support/loopback_port.hpp"

namespace mailpipe::jmap {
namespace {

using test::gzip_bomb;
using test::LoopbackPort;
using test::Reply;
using test::ScriptedHttpServer;

TEST(JmapHttp, GivesTheBodyAndSendsTheTokenOnce) {
  ScriptedHttpServer server;
  server.on("/", {Reply::json("{}")});
  TestClient client(server);
  EXPECT_EQ(client.get().body, "{}");
  EXPECT_EQ(server.authorizations(), std::vector<std::string>{"Bearer s3cret"});
}

TEST(JmapHttp, SendsUserAndPasswordAsBasic) {
  ScriptedHttpServer server;
  server.on("/", {Reply::json("{}")});
  TestClient client(server);
  HttpRequest request = client.request();
  request.login = std::make_shared<Login>(Login{"bob", "secret", true});
  call(client.http, request, client.fake);
  EXPECT_EQ(server.authorizations(), std::vector<std::string>{"Basic Ym9iOnNlY3JldA=="});
}

TEST(JmapHttp, KeepsOneConnectionForCallsOneAfterTheOther) {
  ScriptedHttpServer server;
  server.on("/", {Reply::json("{}")});
  TestClient client(server);
  for (int i = 0; i < 5; ++i) {
    client.get();
  }
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(client.fake.counted("http_requests"), 5U);
  EXPECT_EQ(client.fake.counted("connections"), 1U);
}

TEST(JmapHttp, FollowsARedirectOnTheSameHost) {
  ScriptedHttpServer server;
  server.on("/", {Reply::redirect(301, "/jmap")});
  server.on("/jmap", {Reply::json("here")});
  TestClient client(server);
  EXPECT_EQ(client.get("/.well-known/jmap").body, "here");
}

TEST(JmapHttp, StopsAfterThreeRedirects) {
  ScriptedHttpServer server;
  server.on("/", {Reply::redirect(302, "/again")});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Config);
  EXPECT_EQ(server.requests(), 4U);
}

TEST(JmapHttp, NeverSendsTheTokenToAnotherHostByRedirect) {
  ScriptedHttpServer canary;
  ScriptedHttpServer server;
  canary.on("/", {Reply::json("{}")});
  server.on("/", {Reply::redirect(302, canary.url("/steal"))});
  TestClient client(server);
  const Error error = client.failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Config);
  EXPECT_NE(error.hint().find("allow_hosts"), std::string::npos);
  EXPECT_EQ(canary.connections(), 0U);
}

TEST(JmapHttp, RefusesARedirectToAFile) {
  ScriptedHttpServer server;
  server.on("/", {Reply::redirect(302, "file:///etc/passwd")});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Config);
}

TEST(JmapHttp, GivesUpABodyBeyondItsLimit) {
  ScriptedHttpServer server;
  Reply endless = Reply::json(std::string(65536, 'x'));
  endless.endless = true;
  server.on("/", {endless});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Permanent);
}

TEST(JmapHttp, StopsAGzipBombAtTheLimit) {
  ScriptedHttpServer server;
  server.on("/",
            {Reply::json(gzip_bomb(1024U * TestClient::kLimit)).with("Content-Encoding", "gzip")});
  TestClient client(server);
  HttpRequest request = client.request();
  request.compressed = true;
  const CallResult result = call(client.http, request, client.fake);
  EXPECT_TRUE(result.reply.too_long);
  EXPECT_LE(result.body.size(), TestClient::kLimit);
  EXPECT_GT(result.body.size(), TestClient::kLimit / 2) << "it did unpack";
}

TEST(JmapHttp, LeavesABlobAsItIsEvenIfTheServerSaysGzip) {
  ScriptedHttpServer server;
  server.on("/", {Reply::blob("raw octets").with("Content-Encoding", "gzip")});
  TestClient client(server);
  const CallResult result = client.get();
  EXPECT_EQ(result.body, "raw octets");
  EXPECT_TRUE(result.reply.encoded);
  EXPECT_EQ(server.seen().at(0).headers.at("accept-encoding"), "identity");
}

TEST(JmapHttp, StopsEndlessHeaders) {
  ScriptedHttpServer server;
  Reply reply;
  reply.raw = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 5000; ++i) {
    reply.raw += "X-Pad: " + std::string(90, 'x') + "\r\n";
  }
  reply.raw += "\r\n";
  server.on("/", {reply});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Permanent);
}

TEST(JmapHttp, CutsAnEndlessErrorPageAndKeepsItsStatus) {
  ScriptedHttpServer server;
  Reply endless = Reply::error(500, std::string(65536, 'x'));
  endless.endless = true;
  server.on("/", {endless});
  TestClient client(server);
  const Error error = client.failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_NE(std::string(error.what()).find("HTTP 500"), std::string::npos) << error.what();
}

TEST(JmapHttp, CallsAConnectionThatEndsEarlyTransient) {
  for (const auto ending : {Reply::Ending::Close, Reply::Ending::Reset}) {
    ScriptedHttpServer server;
    server.on("/", {Reply::json("0123456789").cut_after(4, ending)});
    TestClient client(server);
    EXPECT_EQ(client.failure().error_class(), ErrorClass::Transient);
  }
}

TEST(JmapHttp, CallsAConnectionThatEndsWithinTheHeadersTransient) {
  ScriptedHttpServer server;
  Reply reply = Reply::json("{}");
  reply.raw = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le";
  reply.ending = Reply::Ending::Close;
  server.on("/", {reply});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Transient);
}

TEST(JmapHttp, CallsAnAnswerThatIsNoHttpTransient) {
  ScriptedHttpServer server;
  Reply reply = Reply::json("{}");
  reply.raw = "HTTQ/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  reply.ending = Reply::Ending::Close;
  server.on("/", {reply});
  TestClient client(server);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Transient);
}

TEST(JmapHttp, CallsARefusedConnectionTransientAndNamesHostAndPort) {
  const LoopbackPort gone;
  const std::string authority = "127.0.0.1:" + std::to_string(gone.number());
  TestClient client("http://" + authority + "/");
  const Error error = client.failure();
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_NE(std::string(error.what()).find(authority), std::string::npos) << error.what();
}

TEST(JmapHttp, CallsAnUnknownHostTransient) {
  ScriptedHttpServer server;
  TestClient client(server);
  HttpRequest request = client.request();
  const HostPolicy policy(parse_url("https://no-such-host.invalid/", "url"), {}, false);
  HttpClient http({}, policy);
  request.url = parse_url("https://no-such-host.invalid/", "url");
  const CallResult result = call(http, request, client.fake);
  const Error error = failure_of(result.reply, "testing");
  EXPECT_EQ(error.error_class(), ErrorClass::Transient);
  EXPECT_NE(std::string(error.what()).find("no-such-host.invalid"), std::string::npos);
}

TEST(JmapHttp, GivesUpAServerThatSendsNothing) {
  ScriptedHttpServer server;
  Reply silent;
  silent.delay = std::chrono::hours(1);
  server.on("/", {silent});
  HttpSettings settings;
  settings.stall_timeout = std::chrono::seconds(1);
  TestClient client(server, settings);
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Transient);
}

TEST(JmapHttp, EndsACallThatDripsAtItsDeadline) {
  ScriptedHttpServer server;
  Reply drip = Reply::json(std::string(100'000, 'x'));
  drip.drip_pause = std::chrono::milliseconds(1);
  server.on("/", {drip});
  TestClient client(server);
  HttpRequest request = client.request();
  request.deadline = std::chrono::seconds(1);
  EXPECT_EQ(client.failure(request).error_class(), ErrorClass::Transient);
}

TEST(JmapHttp, EndsAtOnceWhenTheRunIsAborted) {
  ScriptedHttpServer server;
  Reply silent;
  silent.delay = std::chrono::hours(1);
  server.on("/", {silent});
  TestClient client(server);
  client.fake.abort();
  EXPECT_EQ(client.failure().error_class(), ErrorClass::Cancelled);
}

struct StatusRow {
  const char* name;
  Reply reply;
  ErrorClass error_class;
  std::chrono::milliseconds wait;
};

class JmapHttpStatus : public testing::TestWithParam<StatusRow> {};

TEST_P(JmapHttpStatus, HasItsClassAndWait) {
  ScriptedHttpServer server;
  server.on("/", {GetParam().reply});
  TestClient client(server);
  const Error error = client.failure();
  EXPECT_EQ(error.error_class(), GetParam().error_class) << error.what();
  EXPECT_EQ(error.retry_after(), GetParam().wait);
  EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos);
}

Reply problem(const std::string& type, const std::string& more = "") {
  return Reply::error(400, R"({"type":"urn:ietf:params:jmap:error:)" + type + "\"" + more + "}");
}

Reply wait(int status, const std::string& retry_after) {
  return Reply::error(status).with("Retry-After", retry_after);
}

constexpr std::chrono::milliseconds kNone{0};
constexpr std::chrono::milliseconds kLongest = std::chrono::minutes(15);
constexpr std::chrono::milliseconds kSeven = std::chrono::seconds(7);

INSTANTIATE_TEST_SUITE_P(
    Rows, JmapHttpStatus,
    testing::Values(
        StatusRow{"Unauthorized", Reply::error(401), ErrorClass::Auth, kNone},
        StatusRow{"Forbidden", Reply::error(403), ErrorClass::Auth, kNone},
        StatusRow{"TooManyLogins",
                  Reply::error(401, "451 4.3.2 over the per-10 minute limit for logins of 500"),
                  ErrorClass::RateLimit, kNone},
        StatusRow{"UnauthorizedForAWhile", wait(401, "7"), ErrorClass::RateLimit, kSeven},
        StatusRow{"NotFound", Reply::error(404), ErrorClass::Config, kNone},
        StatusRow{"TooMany", Reply::error(429), ErrorClass::RateLimit, kNone},
        StatusRow{"TooManyWithSeconds", wait(429, "7"), ErrorClass::RateLimit, kSeven},
        StatusRow{"TooManyUntilLongAgo", wait(429, "Wed, 21 Oct 2015 07:28:00 GMT"),
                  ErrorClass::RateLimit, kNone},
        StatusRow{"UnavailableUntil2050", wait(503, "Fri, 21 Oct 2050 07:28:00 GMT"),
                  ErrorClass::RateLimit, kLongest},
        StatusRow{"UnavailableForAges", wait(503, "99999999999999999999"), ErrorClass::RateLimit,
                  kLongest},
        StatusRow{"UnavailableWithNonsense", wait(503, "soon"), ErrorClass::RateLimit, kNone},
        StatusRow{"UnavailableWithNegative", wait(503, "-5"), ErrorClass::RateLimit, kNone},
        StatusRow{"Unavailable", Reply::error(503), ErrorClass::Transient, kNone},
        StatusRow{"InternalError", Reply::error(500), ErrorClass::Transient, kNone},
        StatusRow{"LimitOfRequests", problem("limit", R"(,"limit":"maxConcurrentRequests")"),
                  ErrorClass::RateLimit, kNone},
        StatusRow{"LimitOfSize", problem("limit", R"(,"limit":"maxSizeRequest")"),
                  ErrorClass::Permanent, kNone},
        StatusRow{"NotJson", problem("notJSON"), ErrorClass::Permanent, kNone},
        StatusRow{"UnknownCapability", problem("unknownCapability"), ErrorClass::Permanent, kNone},
        StatusRow{"WrongTypes", Reply::error(400, R"({"type":5,"detail":["x"]})"),
                  ErrorClass::Permanent, kNone},
        StatusRow{"TooDeep", Reply::error(400, "{\"a\":" + std::string(60000, '[')),
                  ErrorClass::Permanent, kNone}),
    [](const auto& row) { return row.param.name; });

TEST(JmapHttp, ShowsNoControlCharacterOfAServersText) {
  ScriptedHttpServer server;
  server.on("/", {Reply::error(400, "{\"detail\":\"\\u001b[31mred\\nline\"}")});
  TestClient client(server);
  const std::string text = client.failure().what();
  EXPECT_NE(text.find("red"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(JmapHostPolicy, AllowsTheConfiguredHostOnlyAtItsPort) {
  const HostPolicy policy(parse_url("https://mail.example.org:8443/x", "url"), {}, false);
  EXPECT_NO_THROW(policy.require(parse_url("https://MAIL.example.org:8443/y", "url"), "it"));
  EXPECT_THROW(policy.require(parse_url("https://mail.example.org:9443/y", "url"), "it"), Error);
  EXPECT_THROW(policy.require(parse_url("https://mail.example.org.evil.org:8443/y", "url"), "it"),
               Error);
}

TEST(JmapHostPolicy, AllowsListedHostsWithAndWithoutPort) {
  const HostPolicy policy(parse_url("https://a.org/", "url"), {"b.org", "c.org:444"}, false);
  EXPECT_NO_THROW(policy.require(parse_url("https://b.org/", "url"), "it"));
  EXPECT_NO_THROW(policy.require(parse_url("https://c.org:444/", "url"), "it"));
  EXPECT_THROW(policy.require(parse_url("https://b.org:444/", "url"), "it"), Error);
  EXPECT_THROW(policy.require(parse_url("https://c.org/", "url"), "it"), Error);
}

TEST(JmapHostPolicy, AllowsFastmailsBlobHostOnlyBesideFastmail) {
  const Url blobs = parse_url("https://www.fastmailusercontent.com/jmap/download/", "url");
  EXPECT_NO_THROW(
      HostPolicy(parse_url("https://api.fastmail.com/", "url"), {}, false).require(blobs, "it"));
  EXPECT_THROW(
      HostPolicy(parse_url("https://api.example.org/", "url"), {}, false).require(blobs, "it"),
      Error);
}

TEST(JmapHostPolicy, RefusesPlainHttpBeyondLoopbackUnlessTold) {
  const Url url = parse_url("http://mail.example.org/", "url");
  EXPECT_THROW(HostPolicy(url, {}, false).require(url, "it"), Error);
  EXPECT_NO_THROW(HostPolicy(url, {}, true).require(url, "it"));
  const Url loopback = parse_url("http://127.0.0.1:1234/", "url");
  EXPECT_NO_THROW(HostPolicy(loopback, {}, false).require(loopback, "it"));
}

TEST(JmapHostPolicy, RefusesToFallBackFromHttpsToHttpOnTheSameHost) {
  const HostPolicy policy(parse_url("https://mail.example.org/", "url"), {}, false);
  EXPECT_THROW(policy.require(parse_url("http://mail.example.org/", "url"), "it"), Error);
}

TEST(JmapUrl, RefusesUserAndPasswordInIt) {
  EXPECT_THROW(parse_url("https://bob:secret@mail.example.org/", "session_url"), Error);
}

TEST(JmapUrl, ExpandsATemplateWithEveryOctetEncoded) {
  const UrlVariable variables[] = {{"blobId", "a/b?c#d e"}, {"name", "\xc3\xa4"}};
  EXPECT_EQ(expand_template("/d/{blobId}/{name}", variables, 2), "/d/a%2Fb%3Fc%23d%20e/%C3%A4");
  EXPECT_THROW(expand_template("/d/{+blobId}", variables, 2), Error);
  EXPECT_THROW(expand_template("/d/{blobId", variables, 2), Error);
}

TEST(JmapLogin, AsksOnceMoreForATokenThatIsNoLongerTaken) {
  test::FakeHost fake;
  fake.secrets["/token"] = "old";
  fake.refreshed_secrets["/token"] = "new";
  LoginKeeper login(fake, "");
  EXPECT_EQ(login.current()->secret, "old");
  EXPECT_TRUE(login.refresh(1));
  EXPECT_EQ(login.current()->secret, "new");
  EXPECT_TRUE(login.refresh(1)) << "a transfer that began with the old token may try again";
  EXPECT_FALSE(login.refresh(2)) << "the new one is no better";
  EXPECT_EQ(fake.refreshes, 1);
}

TEST(JmapLogin, RefusesATokenWithALineBreak) {
  test::FakeHost fake;
  fake.secrets["/token"] = "abc\r\nX-Evil: 1";
  EXPECT_THROW(LoginKeeper(fake, "").current(), Error);
}

}  // namespace
}  // namespace mailpipe::jmap
