#include "config/lint.hpp"
#include "config_test_catalog.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>
#include <vector>

namespace mailpipe::config {
namespace {

using nlohmann::json;

constexpr char kAccounts[] = R"(version: 1
name: mail
vars: { host: mail.example, pass: { $command: [pass, show, mail/old] } }
matrix:
  account:
    - { name: work, user: ann, flight: 7, token: { $command: [pass, show, mail/work] } }
    - { name: home, user: bob, flight: 3, token: { $env: LINT_TOKEN } }
    - { name: old, user: "old-${{ vars.host }}", flight: 1, token: "${{ vars.pass }}" }
source:
  type: jmap
  with:
    session_url: "https://${{ vars.host }}/${{ matrix.account.user }}"
    token: "${{ matrix.account.token }}"
    max_in_flight: "${{ matrix.account.flight }}"
sinks:
  - type: eml
    with: { path: "/srv/${{ matrix.account.name }}" }
)";

constexpr char kTwoAxes[] = R"(version: 1
name: mail
matrix: { account: [work, home], kind: [new, old] }
source: { type: jmap, with: { session_url: "https://a/b", token: { $env: LINT_TOKEN } } }
sinks: [{ type: eml, with: { path: "/srv/${{ matrix.account }}/${{ matrix.kind }}" } }]
)";

LintResult lint(const std::string& text, const std::vector<std::string>& selections = {},
                const std::vector<std::string>& overrides = {}) {
  ::setenv("LINT_TOKEN", "a-token", 1);
  ::unsetenv("LINT_MISSING");
  LintOptions options;
  options.overrides = overrides;
  for (const std::string& selection : selections) {
    options.select.push_back(read_selection(selection).value());
  }
  return load_pipeline_text(text, "/etc/mail.yaml", TestCatalog(), options);
}

std::string human(const LintResult& result) {
  return render(result.diagnostics, result.sources, Format::Human);
}

std::vector<std::string> names(const LintResult& result) {
  std::vector<std::string> out;
  for (const LintResult::Part& part : result.parts) {
    out.push_back(part.pipeline ? part.pipeline->name : "!" + part.name);
  }
  return out;
}

using Names = std::vector<std::string>;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Matrix, ExpandsToOnePipelineForEachValue) {
  const LintResult result = lint(kAccounts);
  EXPECT_EQ(human(result), "");
  EXPECT_EQ(names(result), (Names{"mail-work", "mail-home", "mail-old"}));
  EXPECT_EQ(json::parse(result.parts[1].pipeline->sinks[0].options)["path"], "/srv/home");
}

TEST(Matrix, ExpandsToEveryCombinationTheLastAxisFirst) {
  EXPECT_EQ(names(lint(kTwoAxes)),
            (Names{"mail-work-new", "mail-work-old", "mail-home-new", "mail-home-old"}));
}

TEST(Matrix, ReplacesAWholeValueWithItsType) {
  const LintResult result = lint(kAccounts);
  EXPECT_EQ(json::parse(result.parts[0].pipeline->source.options)["max_in_flight"], 7);
}

TEST(Matrix, KeepsSecretsReferences) {
  const LintResult result = lint(kAccounts);
  using From = SecretReference::From;
  EXPECT_EQ(result.parts[0].pipeline->source.secrets.at(0).argv.at(2), "mail/work");
  EXPECT_EQ(result.parts[1].pipeline->source.secrets.at(0).from, From::Env);
  EXPECT_EQ(result.parts[2].pipeline->source.secrets.at(0).argv.at(2), "mail/old");
}

TEST(Matrix, HidesTheSecretsOfAllCellsFromEveryCommand) {
  const LintResult result = lint(kAccounts, {"account=work"});
  EXPECT_EQ(result.parts.at(0).pipeline->source.secrets.at(0).hidden, Names{"LINT_TOKEN"});
}

TEST(Matrix, TakesVariablesInItsValues) {
  const LintResult result = lint(kAccounts);
  EXPECT_EQ(json::parse(result.parts[2].pipeline->source.options)["session_url"],
            "https://mail.example/old-mail.example");
}

TEST(Matrix, LeavesANameThatHasTheCellInItAlone) {
  const std::string text =
      replaced(kAccounts, "name: mail", "name: ${{ matrix.account.name }}-mail");
  EXPECT_EQ(names(lint(text)), (Names{"work-mail", "home-mail", "old-mail"}));
}

TEST(Matrix, TellsNamesThatGrowTooLong) {
  const std::string text = replaced(kTwoAxes, "name: mail", "name: " + std::string(60, 'm'));
  EXPECT_NE(human(lint(text)).find("MP1022"), std::string::npos);
}

TEST(Matrix, LeavesTheOtherCellsUsableWhenOneIsWrong) {
  const LintResult result = lint(replaced(kAccounts, "$env: LINT_TOKEN", "$env: LINT_MISSING"));
  EXPECT_EQ(names(result), (Names{"mail-work", "!mail-home", "mail-old"}));
  EXPECT_EQ(result.parts[1].exit_code, 2);
  EXPECT_EQ(result.parts[1].problem, "the environment variable 'LINT_MISSING' is not set");
  EXPECT_EQ(result.exit_code(), 2);
}

TEST(Matrix, ChecksNothingOfCellsThatAreNotSelected) {
  const LintResult result =
      lint(replaced(kAccounts, "$env: LINT_TOKEN", "$env: LINT_MISSING"), {"account=work,old"});
  EXPECT_EQ(human(result), "");
  EXPECT_EQ(names(result), (Names{"mail-work", "mail-old"}));
}

TEST(Matrix, IsCappedBeforeItIsExpanded) {
  std::string axis = "[a0";
  for (int i = 1; i < 20; ++i) {
    axis += ", a" + std::to_string(i);
  }
  const LintResult result = lint(
      replaced(kTwoAxes, "account: [work, home]", "account: " + axis + "], more: " + axis + "]"));
  EXPECT_NE(human(result).find("more than 256 pipelines"), std::string::npos);
  EXPECT_TRUE(result.parts.empty());
}

TEST(Matrix, OfManyCellsOfALargeFileIsRefused) {
  std::string text = kTwoAxes;
  std::string axis = "[a0";
  for (int i = 1; i < 100; ++i) {
    axis += ", a" + std::to_string(i);
  }
  text = replaced(text, "account: [work, home]", "account: " + axis + "]");
  text += "x-all: [0";
  for (int i = 0; i < 40000; ++i) {
    text += ",0";
  }
  EXPECT_NE(human(lint(text + "]\n")).find("2,000,000 values"), std::string::npos);
}

TEST(Matrix, TakesOverridesByTheNameOfAValue) {
  const LintResult result = lint(kAccounts, {}, {"matrix.account.home.flight=5"});
  EXPECT_EQ(json::parse(result.parts.at(1).pipeline->source.options)["max_in_flight"], 5);
}

TEST(Selection, NarrowsByAxisAndWidensByValue) {
  EXPECT_EQ(names(lint(kTwoAxes, {"account=work"})), (Names{"mail-work-new", "mail-work-old"}));
  EXPECT_EQ(names(lint(kTwoAxes, {"kind=old", "account=home"})), Names{"mail-home-old"});
  EXPECT_EQ(names(lint(kTwoAxes, {"kind=old,new", "account=home"})).size(), 2U);
  EXPECT_EQ(names(lint(kTwoAxes, {"account=work", "account=home"})).size(), 4U);
  EXPECT_EQ(names(lint(kTwoAxes, {"account=h*"})), (Names{"mail-home-new", "mail-home-old"}));
}

TEST(Selection, ListsWhatThereIs) {
  const std::string axis = human(lint(kTwoAxes, {"acount=work"}));
  EXPECT_NE(axis.find("/etc/mail.yaml:3:1: error[MP1028]"), std::string::npos) << axis;
  EXPECT_NE(axis.find("there are: 'account' or 'kind'"), std::string::npos) << axis;
  const std::string value = human(lint(kTwoAxes, {"account=wrk"}));
  EXPECT_NE(value.find("did you mean 'work'?"), std::string::npos) << value;
  EXPECT_NE(value.find("there are: 'work' or 'home'"), std::string::npos) << value;
}

TEST(Selection, NeedsAMatrix) {
  const std::string text = replaced(kTwoAxes, "matrix:", "x-matrix:");
  EXPECT_NE(human(lint(text, {"account=work"})).find("this file has no matrix"), std::string::npos);
}

TEST(Selection, IsReadAsAnAxisAndItsValues) {
  EXPECT_EQ(read_selection("a=b,c")->patterns, (Names{"b", "c"}));
  for (const char* wrong : {"", "a", "=b", "a=", "a=b,", "a=,b"}) {
    EXPECT_FALSE(read_selection(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace mailpipe::config
