#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace mailpipe::config {
namespace {

/// The tests of a pipeline that is good but for them.
LintResult lint(const std::string& tests) {
  ::setenv("LINT_TOKEN", "a-token", 1);
  const std::string text = R"(version: 1
name: mail
source: { type: jmap, with: { session_url: "https://a/b", token: { $env: LINT_TOKEN } } }
sinks: [{ type: eml, with: { path: /srv/mail } }]
tests:
)";
  return load_pipeline_text(text + tests, "/etc/mail/mail.yaml", TestCatalog());
}

std::vector<TestSpec> read(const std::string& tests) {
  const LintResult result = lint(tests);
  EXPECT_EQ(render(result.diagnostics, result.sources, Format::Human), "");
  return result.pipeline() == nullptr ? std::vector<TestSpec>() : result.pipeline()->tests;
}

TEST(ConfigTests, AMessageHasWhatIsSaidOfIt) {
  const auto tests = read(R"(  - name: one
    now: 2026-01-02T01:00:00+01:00
    given:
      { id: M1, received_at: 1970-01-02, mailbox: A/B, mailboxes: [C], keywords: [$seen], size: 2KiB,
        subject: Hello, message_id: <a@b>, headers: { To: bob }, body: Hi, initial: true }
    expect: { verdict: keep, name: x, mailboxes: [D] }
)");
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0].now, std::chrono::sys_seconds(std::chrono::seconds(1767312000)));
  ASSERT_EQ(tests[0].given.size(), 1U);
  const TestMessage& given = tests[0].given[0];
  EXPECT_EQ(given.key, "message-1");
  EXPECT_EQ(given.id, "M1");
  EXPECT_EQ(given.received_at, std::chrono::sys_seconds(std::chrono::seconds(86400)));
  EXPECT_EQ(given.mailboxes, (std::vector<std::string>{"A/B", "C"}));
  EXPECT_EQ(given.keywords, std::vector<std::string>{"$seen"});
  EXPECT_EQ(given.size, 2048U);
  EXPECT_TRUE(given.initial);
  EXPECT_EQ(given.headers, (std::vector<std::pair<std::string, std::string>>{
                               {"Subject", "Hello"}, {"Message-ID", "<a@b>"}, {"To", "bob"}}));
  EXPECT_EQ(given.body, "Hi");
  const TestVerdict& expect = tests[0].expect.at(0);
  EXPECT_EQ(expect.kind, TestVerdict::Kind::Keep);
  EXPECT_EQ(expect.name, "x");
  EXPECT_EQ(expect.mailboxes, std::vector<std::string>{"D"});
  EXPECT_EQ(expect.mark.line, 11);
  EXPECT_EQ(expect.mark.column, 13);
}

TEST(ConfigTests, AFileCountsFromTheFolderOfThePipeline) {
  const auto tests = read("  - { name: a, given: { file: x/a.eml }, expect: { verdict: keep } }\n");
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0].given.at(0).file, "/etc/mail/x/a.eml");
}

TEST(ConfigTests, VerdictsOfAListKeepTheirOrderAndPlaces) {
  const auto tests = read(R"(  - name: list
    given: [{}, { key: b }, {}]
    expect:
      - { verdict: hold, until: 1970-01-01 }
      - { verdict: drop, reason: why }
      - { verdict: duplicate, owner: b }
)");
  ASSERT_EQ(tests.size(), 1U);
  ASSERT_EQ(tests[0].expect.size(), 3U);
  EXPECT_EQ(tests[0].expect[0].until, std::chrono::sys_seconds());
  EXPECT_EQ(tests[0].expect[1].reason, "why");
  EXPECT_EQ(tests[0].expect[2].owner, "b");
  EXPECT_EQ(tests[0].expect[2].mark.line, 11);
  EXPECT_EQ(tests[0].given[2].key, "message-3");
}

TEST(ConfigTests, AMadeUpKeyMeetsAGivenOne) {
  const LintResult result = lint(
      "  - { name: a, given: [{ key: message-2 }, {}], expect: [{ verdict: keep }, { verdict: keep "
      "}] "
      "}\n");
  ASSERT_EQ(result.diagnostics.size(), 1U);
  EXPECT_EQ(result.diagnostics[0].code, "MP1040");
}

}  // namespace
}  // namespace mailpipe::config
