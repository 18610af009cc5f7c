#include "authenticate.hpp"
#include "login.hpp"
#include "support/fake_host.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;

Login password() {
  return {"an,na", "s=cret", false, 1};
}

Login token() {
  return {"an,na", "t0ken", true, 1};
}

Settings with(AuthKind kind) {
  Settings settings;
  settings.host = "mail.example";
  settings.port = 993;
  settings.auth = kind;
  return settings;
}

std::string text_of(const Command& command) {
  std::string text;
  for (const Command::Part& part : command.parts()) {
    text += (part.kind == Command::Part::Kind::Text ? "" : " ") + part.octets;
  }
  return text;
}

std::string chosen(AuthKind kind, const Login& login, std::set<std::string> words) {
  try {
    const std::string text =
        text_of(authentication(with(kind), login, Capabilities(std::move(words)), "x").command);
    return text.substr(0, text.find(' ', text.find(' ') + 1));
  } catch (const Error& error) {
    return error.error_class() == ErrorClass::Config ? "Config" : "other";
  }
}

TEST(ImapLogin, PicksTheBestThatIsOffered) {
  EXPECT_EQ(chosen(AuthKind::Auto, password(), {"AUTH=PLAIN", "LOGINDISABLED"}),
            "AUTHENTICATE PLAIN");
  EXPECT_EQ(chosen(AuthKind::Auto, password(), {}), "LOGIN an,na");
  EXPECT_EQ(chosen(AuthKind::Auto, token(), {"AUTH=XOAUTH2", "AUTH=OAUTHBEARER"}),
            "AUTHENTICATE OAUTHBEARER");
  EXPECT_EQ(chosen(AuthKind::Auto, token(), {"AUTH=XOAUTH2", "AUTH=PLAIN"}),
            "AUTHENTICATE XOAUTH2");
}

TEST(ImapLogin, RefusesWhatIsNotOffered) {
  EXPECT_EQ(chosen(AuthKind::Auto, password(), {"LOGINDISABLED"}), "Config");
  EXPECT_EQ(chosen(AuthKind::Login, password(), {"LOGINDISABLED", "AUTH=PLAIN"}), "Config");
  EXPECT_EQ(chosen(AuthKind::Auto, token(), {"AUTH=PLAIN"}), "Config");
  EXPECT_EQ(chosen(AuthKind::OAuthBearer, token(), {"AUTH=XOAUTH2"}), "Config");
}

TEST(ImapLogin, NeverSendsATokenAsAPassword) {
  EXPECT_EQ(chosen(AuthKind::Auto, token(), {}), "Config");
}

TEST(ImapLogin, SaysPlainAtOnceWhereItMay) {
  const auto way = authentication(with(AuthKind::Plain), password(),
                                  Capabilities({"AUTH=PLAIN", "SASL-IR"}), "x");
  EXPECT_EQ(text_of(way.command), "AUTHENTICATE PLAIN AGFuLG5hAHM9Y3JldA==");
}

TEST(ImapLogin, SaysPlainWhenAskedOtherwise) {
  const auto way =
      authentication(with(AuthKind::Plain), password(), Capabilities({"AUTH=PLAIN"}), "x");
  EXPECT_EQ(text_of(way.command), "AUTHENTICATE PLAIN");
  EXPECT_EQ(way.responder(""), "AGFuLG5hAHM9Y3JldA==");
}

TEST(ImapLogin, AnswersTheReasonOfARefusedXoauth2WithNothing) {
  const auto way = authentication(with(AuthKind::XOAuth2), token(),
                                  Capabilities({"AUTH=XOAUTH2", "SASL-IR"}), "x");
  EXPECT_EQ(text_of(way.command),
            "AUTHENTICATE XOAUTH2 " + base64("user=an,na\1auth=Bearer t0ken\1\1"));
  EXPECT_EQ(way.responder("eyJzdGF0dXMiOiI0MDEifQ=="), "");
}

TEST(ImapLogin, AnswersTheReasonOfARefusedOauthbearerWithControlA) {
  const auto way =
      authentication(with(AuthKind::OAuthBearer), token(), Capabilities({"AUTH=OAUTHBEARER"}), "x");
  EXPECT_EQ(way.responder(""),
            base64("n,a=an=2Cna,\1host=mail.example\1port=993\1auth=Bearer t0ken\1\1"));
  EXPECT_EQ(way.responder("e30="), "AQ==");
}

TEST(ImapLogin, EncodesBase64AsRfc4648Does) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(ImapLogin, ReadsTheTokenWhereThereIsOne) {
  test::FakeHost host;
  host.secrets["/token"] = "t0ken";
  Settings settings = with(AuthKind::Auto);
  settings.token = true;
  LoginKeeper keeper(host, "anna", login_option(settings));
  EXPECT_TRUE(keeper.current()->is_token);
}

TEST(ImapLogin, ReadsThePasswordWhereThereIsOne) {
  test::FakeHost host;
  host.secrets["/password"] = "secret";
  LoginKeeper keeper(host, "anna", login_option(with(AuthKind::Auto)));
  EXPECT_FALSE(keeper.current()->is_token);
}

}  // namespace
