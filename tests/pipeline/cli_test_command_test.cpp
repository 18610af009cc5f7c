// `mailpipe test`: the tests of a pipeline, run through the real filters.
#include "pipeline/cli.hpp"
#include "support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

constexpr char kHead[] = R"(version: 1
name: mail
source:
  type: jmap
  with: { session_url: https://api.example.com/jmap/session, token: { $command: ["false"] } }
sinks:
  - type: eml
    with: { path: /nonexistent/mail }
)";

class CliTest : public testing::Test {
 protected:
  /// What `mailpipe test` says of the pipeline with these lines behind its source and sink.
  Finished run(const std::string& lines, std::vector<std::string> words = {}) const {
    std::ofstream(file()) << kHead << lines;
    words.insert(words.begin(), "test");
    words.push_back(file());
    return mailpipe(std::move(words), {{"HOME", dir_.path().string()}});
  }

  std::string file() const { return (dir_ / "mail.yaml").string(); }

  TempDir dir_;
};

constexpr char kWindow[] = R"(filters:
  - type: window
    with: { delay: 24h, first_run: 30d }
tests:
  - name: newer mail is held
    now: 2026-01-02T00:00:00Z
    given: { received_at: 2026-01-01T12:00:00Z, mailbox: INBOX, keywords: [$seen] }
    expect: { verdict: hold, until: 2026-01-02T12:00:00Z }
  - name: what is older than the first run is left out
    now: 2026-03-01
    given:
      - { received_at: 2026-01-01, initial: true }
      - { received_at: 2026-01-01 }
    expect:
      - { verdict: drop, reason: before-first-run }
      - { verdict: keep }
)";

TEST_F(CliTest, PassesWhenTheWindowDoesWhatIsExpected) {
  const Finished result = run(kWindow);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out,
            "ok    newer mail is held\n"
            "ok    what is older than the first run is left out\n"
            "2 tests, 0 failed\n");
}

TEST_F(CliTest, SaysWhereAnExpectationFailed) {
  const Finished result = run(R"(filters: [{ type: window, with: { delay: 24h } }]
tests:
  - name: it is kept
    now: 2026-01-02
    given: { key: a, received_at: 2026-01-01T12:00:00Z }
    expect: { verdict: keep }
  - name: it is held
    now: 2026-01-02
    given: { received_at: 2026-01-01T12:00:00Z }
    expect: { verdict: hold }
)");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_EQ(result.out,
            "FAIL  it is kept\n"
            "      " +
                file() +
                ":14:13: 'a': expected keep, got hold until 2026-01-02T12:00:00Z\n"
                "ok    it is held\n"
                "2 tests, 1 failed\n");
}

TEST_F(CliTest, RefusesTheWrongInstantReasonAndOwner) {
  const Finished result =
      run(R"(filters: [{ type: window, with: { delay: 24h, since: 2025-01-01 } }, { type: dedup }]
tests:
  - name: details count
    now: 2026-01-02
    given: [{ received_at: 2026-01-01T12:00:00Z }, { received_at: 2024-01-01 }, {}, {}]
    expect:
      - { verdict: hold, until: 2026-01-02 }
      - { verdict: drop, reason: not-before-until }
      - { verdict: keep }
      - { verdict: duplicate, owner: message-1 }
)");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(contains(result.out,
                       "expected hold until 2026-01-02T00:00:00Z, got hold until "
                       "2026-01-02T12:00:00Z\n"))
      << result.out;
  EXPECT_TRUE(
      contains(result.out, "expected drop (not-before-until), got drop (window: before-since)\n"));
  EXPECT_FALSE(contains(result.out, "'message-3': expected"));
  EXPECT_TRUE(
      contains(result.out, "expected duplicate of 'message-1', got duplicate of 'message-3'\n"));
}

TEST_F(CliTest, KnowsTheSecondCopyOfAFile) {
  std::ofstream(dir_ / "a.eml") << "Subject: Hello\r\n\r\nBody\r\n";
  const Finished result = run(R"(filters: [{ type: dedup }]
tests:
  - name: the second copy is left out
    given:
      - { key: a, file: a.eml }
      - { key: b, file: ./a.eml }
      - { key: c, subject: Hello, body: "Body\n" }
      - { key: d, subject: Another }
    expect:
      - { verdict: keep }
      - { verdict: duplicate, owner: a }
      - { verdict: duplicate, owner: a }
      - { verdict: keep }
  - name: another test knows nothing of it
    given: { file: a.eml }
    expect: { verdict: keep }
)");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

constexpr char kRename[] = R"(filters:
  - type: rename
    with:
      name: "{received_at:%Y-%m-%d}_{subject:slug}_{id}"
      mailbox: "{received_at:%Y}/{mailbox}"
tests:
  - name: names and mailboxes
    given: { id: k7, received_at: 2024-02-29, mailboxes: [INBOX, Work/Old], subject: Some Thing }
    expect: { verdict: keep, name: 2024-02-29_some-thing_k7, mailboxes: [2024/Work/Old, 2024/INBOX] }
)";

TEST_F(CliTest, SeesTheNameAndTheMailboxesThatARenameGives) {
  const Finished result = run(kRename);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_F(CliTest, TakesTheFiltersOfASinkWhenTheTestNamesIt) {
  const Finished result = run(R"(  - type: eml
    id: named
    filters: [{ type: rename, with: { name: "x-{id}" } }]
    with: { path: /nonexistent/named }
tests:
  - { name: with them, sink: named, given: { id: a }, expect: { verdict: keep, name: x-a } }
  - { name: without, given: { id: a }, expect: { verdict: keep, name: "" } }
)");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_F(CliTest, SaysThatThereAreNone) {
  const Finished result = run("");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, file() + " has no tests\n");
}

TEST_F(CliTest, RefusesATestThatIsWrong) {
  const Finished result = run(R"(tests:
  - { name: two, given: [{}, {}], expect: { verdict: keep } }
)");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(contains(result.err, ":10:35: error[MP1040]: there are 2 messages and 1 verdicts"))
      << result.err;
}

TEST_F(CliTest, NamesAFileThatIsMissing) {
  const Finished result = run(R"(tests:
  - { name: no file, given: { file: none.eml }, expect: { verdict: keep } }
)");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.err, "none.eml' cannot be read")) << result.err;
}

TEST_F(CliTest, TestsEachSelectedCellElseTheFirst) {
  const std::string lines = R"(filters: [{ type: window, with: { delay: "${{ matrix.delay }}" } }]
matrix: { delay: [1h, 2h] }
tests:
  - name: an hour
    now: 2026-01-01T12:00:00Z
    given: { received_at: 2026-01-01T12:00:00Z }
    expect: { verdict: hold, until: 2026-01-01T13:00:00Z }
)";
  const auto with_sinks = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--set", "sinks.0.with.path=/nonexistent/${{ matrix.delay }}"});
    return run(lines, std::move(words));
  };
  EXPECT_EQ(with_sinks({}).exit_code, 0);
  const Finished both = with_sinks({"--select", "delay=*"});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_TRUE(contains(both.out, "ok    mail-1h: an hour\nFAIL  mail-2h: an hour\n"))
      << both.out << both.err;
}

TEST_F(CliTest, TellsProgramsAsJson) {
  const Finished result = run(R"(tests:
  - { name: good, given: {}, expect: { verdict: keep } }
  - { name: bad, given: { key: k }, expect: { verdict: drop } }
)",
                              {"--format", "json"});
  EXPECT_EQ(result.exit_code, 1);
  const auto said = nlohmann::json::parse(result.out);
  EXPECT_EQ(said["passed"], 1);
  EXPECT_EQ(said["failed"], 1);
  EXPECT_EQ(said["tests"][0]["ok"], true);
  EXPECT_EQ(
      said["tests"][1]["failures"][0],
      nlohmann::json(
          {{"key", "k"}, {"line", 11}, {"column", 45}, {"expected", "drop"}, {"got", "keep"}}));
}

}  // namespace
}  // namespace mailpipe::test
