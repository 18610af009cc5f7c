#include "errors.hpp"
#include "response_code.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace mailpipe;
using namespace mailpipe::imap;
using namespace std::chrono_literals;

Completion said(const std::string& text, Completion::Status status = Completion::Status::No) {
  Completion result = read_code(text);
  result.status = status;
  return result;
}

struct Row {
  const char* name;
  std::string text;
  ErrorClass command, login, bye;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.text;
}

constexpr auto kTransient = ErrorClass::Transient;
constexpr auto kRate = ErrorClass::RateLimit;
constexpr auto kAuth = ErrorClass::Auth;
constexpr auto kConfig = ErrorClass::Config;
constexpr auto kItem = ErrorClass::Item;
constexpr auto kPermanent = ErrorClass::Permanent;

// mail-tools.md 4.3 to 4.11 and RFC 5530.
const Row kRows[] = {
    {"Overquota", "[OVERQUOTA] Account exceeded command or bandwidth limits.", kRate, kRate, kRate},
    {"ThrottledCode", "[THROTTLED] slow", kRate, kRate, kRate},
    {"ThrottledWord", "Request is throttled.", kRate, kRate, kRate},
    {"Limit", "[LIMIT] enough", kRate, kRate, kRate},
    {"GmailConnections", "[ALERT] Too many simultaneous connections. (Failure)", kRate, kRate,
     kRate},
    {"DovecotConnections", "[UNAVAILABLE] Maximum number of connections from user+IP exceeded",
     kRate, kRate, kRate},
    {"GmailDailyBytes", "Session expired, please login again", kRate, kRate, kRate},
    {"Unavailable", "[UNAVAILABLE] UID FETCH Server error", kTransient, kTransient, kTransient},
    {"Inuse", "[INUSE] locked", kTransient, kTransient, kTransient},
    {"Outlook", "User is authenticated but not connected.", kTransient, kTransient, kTransient},
    {"Authentication", "[AUTHENTICATIONFAILED] Authentication failed.", kAuth, kAuth, kAuth},
    {"Authorization", "[AUTHORIZATIONFAILED] no", kAuth, kAuth, kAuth},
    {"Expired", "[EXPIRED] password", kAuth, kAuth, kAuth},
    {"WebAlert", "[WEBALERT https://x] Web login required.", kAuth, kAuth, kAuth},
    {"AppPassword", "[ALERT] Application-specific password required", kAuth, kAuth, kAuth},
    {"TokenExpired", "Session invalidated - AccessTokenExpired", kAuth, kAuth, kTransient},
    {"Privacy", "[PRIVACYREQUIRED] tls", kConfig, kConfig, kConfig},
    {"ContactAdmin", "[CONTACTADMIN] x", kPermanent, kPermanent, kPermanent},
    {"Nonexistent", "[NONEXISTENT] Unknown mailbox", kItem, kAuth, kTransient},
    {"Noperm", "[NOPERM] no", kItem, kAuth, kTransient},
    {"ServerBug", "[SERVERBUG] oops", kItem, kAuth, kTransient},
    {"Unknown", "so sorry", kItem, kAuth, kTransient},
    {"Nothing", "", kItem, kAuth, kTransient},
};

class ImapServerWords : public ::testing::TestWithParam<Row> {};

TEST_P(ImapServerWords, MeanThatOfACommand) {
  EXPECT_EQ(command_error(said(GetParam().text), "x").error_class(), GetParam().command);
}

TEST_P(ImapServerWords, MeanThatOfALogin) {
  EXPECT_EQ(login_error(said(GetParam().text), "x").error_class(), GetParam().login);
}

TEST_P(ImapServerWords, MeanThatAtTheEnd) {
  EXPECT_EQ(bye_error(GetParam().text, "x").error_class(), GetParam().bye);
}

INSTANTIATE_TEST_SUITE_P(Servers, ImapServerWords, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(ImapErrors, WaitsAsLongAsExchangeSays) {
  const Error error =
      command_error(said("Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                         Completion::Status::Bad),
                    "x");
  EXPECT_EQ(error.error_class(), ErrorClass::RateLimit);
  EXPECT_EQ(error.retry_after(), 299'961ms);
}

TEST(ImapErrors, WaitsAQuarterOfAnHourAtMost) {
  EXPECT_EQ(command_error(said("Suggested Backoff Time: 99999999999999999999999 milliseconds"), "x")
                .retry_after(),
            15min);
}

TEST(ImapErrors, NamesThePlaceAndWhatWasSaid) {
  EXPECT_STREQ(command_error(said("[NOPERM] not you"), "host:993, mailbox \"Sent\"").what(),
               "host:993, mailbox \"Sent\": the server says NO [NOPERM]: not you");
}

TEST(ImapErrors, ShowsNoControlCharacters) {
  const std::string what = command_error(said("[X\x1b[2J] \x1b]52;c;x\x07"), "x").what();
  EXPECT_EQ(what.find('\x1b'), std::string::npos);
  EXPECT_EQ(what.find('\x07'), std::string::npos);
}

}  // namespace
