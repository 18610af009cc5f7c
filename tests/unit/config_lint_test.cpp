#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace mailpipe::config {
namespace {

using nlohmann::json;

constexpr char kText[] = R"(version: 1
name: fastmail
x-delay: &delay 24h
vars: { root: /srv/mail, port: 5, token: { $command: [pass, show, mail] } }
state: { dir: state }
source:
  type: jmap
  with:
    session_url: https://api.example.com/jmap/session
    token: ${{ vars.token }}
    max_in_flight: ${{ vars.port }}
    account: { $env: LINT_ACCOUNT }
filters:
  - type: window
    with: { delay: *delay, since: 2024-01-31, largest: 10M }
sinks:
  - type: eml
    with: { path: "${{ vars.root }}/eml" }
    on_remove: trash
    filters:
      - { type: window, id: recent, with: { first_run: 7d } }
  - type: mbox
    id: archive
    best_effort: true
    with: { path: archive.mbox }
)";

LintResult lint(const std::string& text, const LintOptions& options = {},
                const Catalog& catalog = TestCatalog()) {
  ::setenv("LINT_TOKEN", "a-token", 1);
  ::setenv("LINT_ACCOUNT", "u1234", 1);
  return load_pipeline_text(text, "/etc/mailpipe/mail.yaml", catalog, options);
}

std::string human(const LintResult& result) {
  return render(result.diagnostics, result.sources, Format::Human);
}

Pipeline loaded(const std::string& text, const LintOptions& options = {},
                const Catalog& catalog = TestCatalog()) {
  const LintResult result = lint(text, options, catalog);
  EXPECT_EQ(human(result), "");
  return result.pipeline() != nullptr ? *result.pipeline() : Pipeline{};
}

/// The smallest pipeline, with `with` of its sink.
std::string with_sink_options(const std::string& options, const std::string& type = "eml") {
  return "version: 1\nname: mail\nsource: { type: jmap, with: { session_url: 'https://a/b', token: "
         "{ $env: LINT_TOKEN } } }\n"
         "sinks: [{ type: " +
         type + ", with: " + options + " }]\n";
}

/// How a value is converted by a schema: the canonical option `x`.
json converted(const std::string& schema, const std::string& value) {
  TestCatalog catalog;
  catalog.add(Kind::Sink, "probe", R"({"type":"object","properties":{"x":)" + schema + "}}");
  return json::parse(loaded(with_sink_options("{ x: " + value + " }", "probe"), {}, catalog)
                         .sinks.at(0)
                         .options)
      .at("x");
}

/// The codes of what is wrong with a value under a schema.
std::string codes(const std::string& schema, const std::string& value) {
  TestCatalog catalog;
  catalog.add(Kind::Sink, "probe", schema);
  std::string codes;
  for (const Diagnostic& diagnostic :
       lint(with_sink_options(value, "probe"), {}, catalog).diagnostics) {
    codes += (codes.empty() ? "" : " ") + diagnostic.code;
  }
  return codes;
}

TEST(Lint, ReadsTheFrame) {
  const Pipeline pipeline = loaded(kText);
  EXPECT_EQ(pipeline.name, "fastmail");
  EXPECT_EQ(pipeline.file, "/etc/mailpipe/mail.yaml");
  EXPECT_EQ(pipeline.state_dir, "/etc/mailpipe/state");
  EXPECT_EQ(pipeline.source.id, "jmap");
  ASSERT_EQ(pipeline.sinks.size(), 2U);
  EXPECT_TRUE(pipeline.sinks[0].required);
  EXPECT_EQ(pipeline.sinks[0].on_remove, OnRemove::Trash);
  EXPECT_EQ(pipeline.sinks[0].filters.at(0).id, "recent");
  EXPECT_FALSE(pipeline.sinks[1].required);
  EXPECT_EQ(pipeline.sinks[1].id, "archive");
  EXPECT_EQ(pipeline.sinks[1].on_remove, OnRemove::Keep);
}

TEST(Lint, ConvertsOptionsToCanonicalJson) {
  const Pipeline pipeline = loaded(kText);
  EXPECT_EQ(json::parse(pipeline.source.options), json::parse(R"({
    "session_url": "https://api.example.com/jmap/session", "token": {"$secret": "/token"}, "account": "u1234",
    "http": "auto", "max_in_flight": 5})"));
  EXPECT_EQ(json::parse(pipeline.filters.at(0).options),
            json::parse(R"({"delay": 86400, "since": 1706659200, "largest": 10000000})"));
  EXPECT_EQ(pipeline.sinks.at(0).options, R"({"path":"/srv/mail/eml","sidecar":false})");
  EXPECT_EQ(pipeline.sinks.at(0).filters.at(0).options, R"({"delay":0,"first_run":604800})");
  EXPECT_EQ(pipeline.sinks.at(1).options, R"({"path":"/etc/mailpipe/archive.mbox"})");
}

TEST(Lint, KeepsOptionsAsWrittenForTheFingerprint) {
  const Pipeline pipeline = loaded(kText);
  EXPECT_EQ(json::parse(pipeline.source.written), json::parse(R"({
    "session_url": "https://api.example.com/jmap/session", "token": {"$command": ["pass", "show", "mail"]},
    "account": {"$env": "LINT_ACCOUNT"}, "max_in_flight": 5})"));
  EXPECT_EQ(pipeline.filters.at(0).written,
            R"({"delay":"24h","largest":"10M","since":"2024-01-31"})");
}

TEST(Lint, ListsSecretsAndHidesTheVariablesOfOthersFromCommands) {
  TestCatalog catalog;
  catalog.add(Kind::Sink, "vault", R"({"properties":{"key":{"x-mp-secret":true}}})");
  const std::string text =
      std::string(kText) + "  - { type: vault, with: { key: { $env: LINT_TOKEN } } }\n";
  const Pipeline pipeline = loaded(text, {}, catalog);
  ASSERT_EQ(pipeline.source.secrets.size(), 1U);
  const SecretReference& secret = pipeline.source.secrets[0];
  EXPECT_EQ(secret.from, SecretReference::From::Command);
  EXPECT_EQ(secret.pointer, "/token");
  EXPECT_EQ(secret.argv, (std::vector<std::string>{"pass", "show", "mail"}));
  EXPECT_EQ(secret.hidden, (std::vector<std::string>{"LINT_TOKEN"}));
  EXPECT_EQ(pipeline.sinks.at(2).secrets.at(0).name, "LINT_TOKEN");
}

TEST(Lint, KeepsLiteralSecretsOutOfEverythingWritten) {
  std::string text = kText;
  text.replace(text.find("${{ vars.token }}"), 17, "hunter2");
  const LintResult result = lint(text);
  ASSERT_NE(result.pipeline(), nullptr);
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.diagnostics.at(0).code, "MP1301");
  EXPECT_EQ((result.pipeline()->source.options + result.pipeline()->source.written).find("hunter2"),
            std::string::npos);
  EXPECT_EQ(json::parse(result.pipeline()->source.written)["token"],
            json::parse(R"({"$literal":true})"));
  EXPECT_EQ(result.pipeline()->source.secrets.at(0).resolve().reveal(), "hunter2");
}

TEST(Lint, TurnsWarningsIntoErrorsWhenStrict) {
  std::string text = kText;
  text.replace(text.find("${{ vars.token }}"), 17, "hunter2");
  const LintResult result = lint(text, {{}, Strictness::Strict});
  EXPECT_EQ(result.pipeline(), nullptr);
  EXPECT_EQ(result.exit_code(), 2);
}

TEST(Lint, ResolvesSecretFilesBesideThePipeline) {
  std::string text = kText;
  text.replace(text.find("${{ vars.token }}"), 17, "{ $file: secrets/token }");
  EXPECT_EQ(loaded(text).source.secrets.at(0).name, "/etc/mailpipe/secrets/token");
}

TEST(Lint, HasTheSameDefaultsInSchemaAndStruct) {
  const RunSpec run = loaded(with_sink_options("{ path: /srv }")).run;
  const RunSpec expected;
  EXPECT_EQ(run.batch.messages, expected.batch.messages);
  EXPECT_EQ(run.batch.bytes, expected.batch.bytes);
  EXPECT_EQ(run.batch.interval, expected.batch.interval);
  EXPECT_EQ(run.retry.budget, expected.retry.budget);
  EXPECT_EQ(run.retry.max_backoff, expected.retry.max_backoff);
  EXPECT_EQ(run.memory, expected.memory);
  EXPECT_EQ(run.quarantine.max, expected.quarantine.max);
  EXPECT_EQ(run.guard.max_remove_fraction, expected.guard.max_remove_fraction);
  EXPECT_EQ(run.guard.max_remove_count, expected.guard.max_remove_count);
  EXPECT_EQ(run.grace, expected.grace);
}

TEST(Lint, ReadsTheRunBlock) {
  const RunSpec run = loaded(with_sink_options("{ path: /srv }") +
                             "run: { batch: { messages: 7 }, memory: 2MiB, guard: { "
                             "max_remove_fraction: 0.5 }, grace: 1m }\n")
                          .run;
  EXPECT_EQ(run.batch.messages, 7U);
  EXPECT_EQ(run.batch.interval, std::chrono::seconds(2));
  EXPECT_EQ(run.memory, 2097152U);
  EXPECT_EQ(run.guard.max_remove_fraction, 0.5);
  EXPECT_EQ(run.grace, std::chrono::seconds(60));
}

TEST(Lint, AppliesOverridesByKeyNumberAndId) {
  const Pipeline pipeline =
      loaded(kText, {{"run.memory=64MiB", "sinks.0.with.path=/one", "sinks.archive.with.path=/two",
                      "source.with.token.$command=[echo, t]", "name=other"}});
  EXPECT_EQ(pipeline.run.memory, 67108864U);
  EXPECT_EQ(json::parse(pipeline.sinks.at(0).options)["path"], "/one");
  EXPECT_EQ(json::parse(pipeline.sinks.at(1).options)["path"], "/two");
  EXPECT_EQ(pipeline.name, "other");
}

TEST(Lint, CountsRelativePathsOnTheCommandLineFromTheWorkingFolder) {
  const Pipeline pipeline = loaded(kText, {{"sinks.eml.with.path=out"}});
  EXPECT_EQ(json::parse(pipeline.sinks.at(0).options)["path"],
            (std::filesystem::current_path() / "out").string());
}

TEST(Lint, ShowsTheCommandLineWhenAnOverrideIsWrong) {
  const LintResult result = lint(kText, {{"run.memory=64MiB", "run.grace=soon"}});
  EXPECT_EQ(human(result),
            "command line:2:11: error[MP1012]: 'run.grace' expects a duration like 24h or 1h30m, "
            "got 'soon'\n"
            "    2 | run.grace=soon\n"
            "      |           ^^^^\n"
            "1 error, 0 warnings in 1 file (no plugin code executed)\n");
}

TEST(Lint, RefusesOverridesThatCannotBeApplied) {
  for (const char* override :
       {"run.memory", "=1", "run..memory=1", "sinks.nowhere.id=a", "sinks.9.id=a", "name.first=a",
        "name=[", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1"}) {
    EXPECT_EQ(lint(kText, {{override}}).exit_code(), 2) << override;
  }
}

TEST(Lint, RefusesALiteralSecretOnTheCommandLineAndDoesNotShowIt) {
  const LintResult result = lint(kText, {{"source.with.token=hunter2"}});
  EXPECT_EQ(result.exit_code(), 2);
  EXPECT_EQ(result.diagnostics.at(0).code, "MP1306");
  EXPECT_EQ(human(result).find("hunter2"), std::string::npos);
}

TEST(Lint, ExitsWithFiveWhenOnlyARefusedPluginIsWrong) {
  EXPECT_EQ(lint(with_sink_options("{}", "glacier")).exit_code(), 5);
  EXPECT_EQ(lint(with_sink_options("{}", "glacier") + "colour: red\n").exit_code(), 2);
}

TEST(Lint, BlamesThePluginForASchemaThatCannotBeUsed) {
  for (const char* schema : {"{", "[]", R"({"properties":{"x":{"$ref":"#/nowhere"}}})",
                             R"({"properties":{"x":{"minimum":"a"}}})"}) {
    TestCatalog catalog;
    catalog.add(Kind::Sink, "broken", schema);
    EXPECT_EQ(lint(with_sink_options("{ x: 1 }", "broken"), {}, catalog).exit_code(), 5) << schema;
  }
}

TEST(Lint, LetsNothingPassThatTheSchemaRefuses) {
  EXPECT_EQ(codes(R"({"properties":{"x":{"type":"array","uniqueItems":true}}})", "{ x: [a, a] }"),
            "MP1015");
  EXPECT_EQ(codes(R"({"properties":{"x":{"multipleOf":5}}})", "{ x: 7 }"), "MP1015");
  EXPECT_EQ(codes(R"({"properties":{"x":{},"y":{}},"dependencies":{"x":["y"]}})", "{ x: 7 }"),
            "MP1015");
  EXPECT_EQ(codes(R"({"properties":{"x":{"not":{"type":"string"}}}})", "{ x: a }"), "MP1015");
}

TEST(Lint, ForcesUnknownOptionsToBeErrors) {
  EXPECT_EQ(codes(R"({"additionalProperties":true,"properties":{"x":{}}})", "{ y: 1 }"), "MP1004");
  EXPECT_EQ(codes(R"({})", "{ y: 1 }"), "MP1004");
  EXPECT_EQ(codes(R"({"properties":{"x":{"type":"object"}}})", "{ x: { any: thing } }"), "");
  EXPECT_EQ(
      codes(R"({"properties":{"x":{"type":"object","additionalProperties":{"type":"integer"}}}})",
            "{ x: { a: b } }"),
      "MP1010");
}

TEST(Lint, FollowsReferencesInsideOfASchema) {
  const std::string schema =
      R"({"definitions":{"when":{"x-mp-format":"duration"}},"properties":{"x":{"$ref":"#/definitions/when"}}})";
  EXPECT_EQ(codes(schema, "{ x: 1h }"), "");
  EXPECT_EQ(codes(schema, "{ x: 1x }"), "MP1012");
}

TEST(Lint, ConvertsValuesInsideOfListsAndAlternatives) {
  EXPECT_EQ(converted(R"({"type":"array","items":{"x-mp-format":"size"}})", "[1k, 2k]"),
            json::parse("[1000, 2000]"));
  EXPECT_EQ(converted(R"({"oneOf":[{"enum":["never"]},{"x-mp-format":"duration"}]})", "1h"),
            json(3600));
  EXPECT_EQ(converted(R"({"oneOf":[{"enum":["never"]},{"x-mp-format":"duration"}]})", "never"),
            json("never"));
}

TEST(Lint, ReadsVariablesOfTheEnvironmentAsTheTypeThatIsAskedFor) {
  ::setenv("LINT_NUMBER", "12", 1);
  EXPECT_EQ(converted(R"({"type":"integer"})", "{ $env: LINT_NUMBER }"), json(12));
  EXPECT_EQ(converted(R"({"type":"string"})", "{ $env: LINT_NUMBER }"), json("12"));
  EXPECT_EQ(converted(R"({"type":"string"})", "{ $env: LINT_MISSING, default: d }"), json("d"));
}

TEST(Lint, NeverLooksIntoTheTextOfAVariableOfTheEnvironment) {
  ::setenv("LINT_HOSTILE", "a: [b]\n${{ vars.x }} {$env: HOME}", 1);
  EXPECT_EQ(converted(R"({"type":"string"})", "{ $env: LINT_HOSTILE }"),
            json("a: [b]\n${{ vars.x }} {$env: HOME}"));
}

TEST(Lint, RefusesVariablesOfTheEnvironmentThatAreTooLong) {
  ::setenv("LINT_LONG", std::string(100'000, 'a').c_str(), 1);
  EXPECT_EQ(codes(R"({"properties":{"x":{"type":"string","pattern":"^a*$"}}})",
                  "{ x: { $env: LINT_LONG } }"),
            "MP1302");
  ::unsetenv("LINT_LONG");
}

TEST(Lint, MatchesTheLongestTextThatThereCanBeWithinTheStack) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "std::regex takes one frame a character, and ASan's are several times as large";
#endif
  EXPECT_EQ(codes(R"({"properties":{"x":{"type":"string","pattern":"^(a|b)*$"}}})",
                  "{ x: " + std::string(8192, 'a') + " }"),
            "");
}

TEST(Lint, TakesADoubledDollarForTheCharacters) {
  EXPECT_EQ(converted(R"({"type":"string"})", "\"a $${{ b }}\""), json("a ${{ b }}"));
}

TEST(Lint, LoadsAFileAndNamesIt) {
  ::setenv("LINT_TOKEN", "t", 1);
  const test::TempDir dir;
  const std::filesystem::path path = dir / "pipeline.yaml";
  std::ofstream(path) << with_sink_options("{ path: mail }");
  const LintResult result = load_pipeline(path, TestCatalog());
  ASSERT_NE(result.pipeline(), nullptr) << human(result);
  EXPECT_EQ(json::parse(result.pipeline()->sinks[0].options)["path"],
            (path.parent_path() / "mail").string());
}

TEST(Lint, SaysThatAFileIsMissingAFolderOrTooLarge) {
  const test::TempDir dir;
  const std::filesystem::path path = dir / "large.yaml";
  std::ofstream(path) << std::string((1U << 20U) + 1, '#');
  for (const std::filesystem::path& wrong :
       {path, dir.path(), std::filesystem::path("/nonexistent/p.yaml")}) {
    const LintResult result = load_pipeline(wrong, TestCatalog());
    EXPECT_EQ(result.diagnostics.at(0).code, "MP1001");
    EXPECT_EQ(result.exit_code(), 2);
  }
}

TEST(Lint, RendersOneFileForMachines) {
  const LintResult result = load_pipeline_text(
      "version: 2\nname: mail\nsource: { type: jmpa }\nsinks: []\n", "p.yaml", TestCatalog());
  const json report = json::parse(render(result.diagnostics, result.sources, Format::Json));
  EXPECT_EQ(report["errors"], 3);
  EXPECT_EQ(report["files"], 1);
  EXPECT_EQ(report["diagnostics"][1],
            json::parse(R"({"severity":"error","code":"MP1101","file":"p.yaml","line":3,"column":17,
    "length":4,"message":"unknown source 'jmpa'","label":"did you mean 'jmap'?","help":"there are: 'jmap'"})"));
  EXPECT_EQ(render(result.diagnostics, result.sources, Format::Github),
            "::error file=p.yaml,line=1,col=10,endColumn=11,title=MP1021::version 2 is not one "
            "that this mailpipe reads; it reads version 1\n"
            "::error file=p.yaml,line=3,col=17,endColumn=21,title=MP1101::unknown source 'jmpa'; "
            "did you mean 'jmap'? (there are: 'jmap')\n"
            "::error file=p.yaml,line=4,col=1,endColumn=6,title=MP1202::a pipeline needs at least "
            "one sink\n");
}

}  // namespace
}  // namespace mailpipe::config
