#include "config/yaml_document.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mailpipe::config {
namespace {

struct Parsed {
  NodePtr root;
  std::vector<Diagnostic> diagnostics;
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.root = parse_yaml(text, "p.yaml", parsed.diagnostics);
  return parsed;
}

std::string repeated(const std::string& piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) {
    out += piece;
  }
  return out;
}

/// The code of the first diagnostic with its position: "MP1003 2:1".
std::string first(const Parsed& parsed) {
  if (parsed.diagnostics.empty()) {
    return "none";
  }
  const Diagnostic& one = parsed.diagnostics.front();
  return one.code + " " + std::to_string(one.line) + ":" + std::to_string(one.column);
}

Node::Type type_of(const std::string& scalar) {
  const Parsed parsed = parse("a: " + scalar);
  return parsed.root->find("a")->value->type;
}

TEST(YamlDocument, TypesPlainScalarsByTheCoreSchema) {
  EXPECT_EQ(type_of("12"), Node::Type::Integer);
  EXPECT_EQ(type_of("0x1f"), Node::Type::Integer);
  EXPECT_EQ(type_of("-1.5e3"), Node::Type::Real);
  EXPECT_EQ(type_of("true"), Node::Type::Boolean);
  EXPECT_EQ(type_of("~"), Node::Type::Null);
  EXPECT_EQ(type_of("yes"), Node::Type::String);
  EXPECT_EQ(type_of("1_000"), Node::Type::String);
  EXPECT_EQ(type_of(".nan"), Node::Type::String);
  EXPECT_EQ(type_of("2024-01-31"), Node::Type::String);
}

TEST(YamlDocument, TakesEveryQuotedScalarAsText) {
  EXPECT_EQ(type_of("'12'"), Node::Type::String);
  EXPECT_EQ(type_of("\"true\""), Node::Type::String);
  EXPECT_EQ(type_of("\"~\""), Node::Type::String);
}

TEST(YamlDocument, TakesIntegersThatDoNotFitAsReals) {
  EXPECT_EQ(type_of("99999999999999999999"), Node::Type::Real);
}

TEST(YamlDocument, KnowsWhereKeysAndValuesStandInCharacters) {
  const Parsed parsed = parse("a: 1\nb:\n  \"äö\": {c: 'déf'}\n");
  const Entry& inner = parsed.root->find("b")->value->entries.front();
  const Entry& c = inner.value->entries.front();
  EXPECT_EQ(inner.mark.line, 3);
  EXPECT_EQ(inner.mark.column, 3);
  EXPECT_EQ(inner.mark.length, 4);
  EXPECT_EQ(c.mark.column, 10);
  EXPECT_EQ(c.value->mark.column, 13);
  EXPECT_EQ(c.value->mark.length, 5);
}

TEST(YamlDocument, SharesWhatAnAnchorNames) {
  const Parsed parsed = parse("x-a: &a [1, 2]\nb: *a\nc: *a\n");
  ASSERT_TRUE(parsed.diagnostics.empty());
  EXPECT_EQ(parsed.root->find("b")->value, parsed.root->find("c")->value);
}

TEST(YamlDocument, SkipsAByteOrderMark) {
  EXPECT_NE(parse("\xEF\xBB\xBF"
                  "a: 1\n")
                .root->find("a"),
            nullptr);
}

TEST(YamlDocument, RefusesEveryDuplicateKey) {
  const Parsed parsed = parse("a: 1\na: 2\nb: {c: 1, c: 2}\n");
  EXPECT_EQ(first(parsed), "MP1003 2:1");
  EXPECT_EQ(parsed.diagnostics.size(), 2U);
}

TEST(YamlDocument, RefusesMergeKeysButNotTheirTextInQuotes) {
  EXPECT_EQ(first(parse("a: &a {b: 1}\nc:\n  <<: *a\n")), "MP1005 3:3");
  EXPECT_EQ(first(parse("\"<<\": 1\n")), "none");
}

TEST(YamlDocument, RefusesTagsOnAnyKindOfNode) {
  EXPECT_EQ(first(parse("a: !env X\n")), "MP1005 1:4");
  EXPECT_EQ(first(parse("a: !!str 1\n")), "MP1005 1:4");
  EXPECT_EQ(first(parse("a: !x {b: 1}\n")), "MP1005 1:4");
  EXPECT_EQ(first(parse("a: !x [b]\n")), "MP1005 1:4");
  EXPECT_EQ(first(parse("a: !x null\n")), "MP1005 1:4");
}

TEST(YamlDocument, RefusesKeysThatAreNotText) {
  EXPECT_EQ(first(parse("? [a, b]\n: 1\n")).substr(0, 6), "MP1005");
  EXPECT_EQ(first(parse("? {a: b}\n: 1\n")).substr(0, 6), "MP1005");
  EXPECT_EQ(first(parse("~: 1\n")), "MP1005 1:1");
  EXPECT_EQ(first(parse("a: &a x\n*a : 1\n")), "MP1005 2:1");
}

TEST(YamlDocument, RefusesASecondDocument) {
  EXPECT_EQ(first(parse("a: 1\n---\nb: 1\n")), "MP1005 2:1");
}

TEST(YamlDocument, RefusesCyclicAnchors) {
  EXPECT_EQ(first(parse("a: &x [*x]\n")), "MP1006 1:8");
  EXPECT_EQ(first(parse("&x a: *x\nb: &y {c: *y}\n")).substr(0, 8), "MP1006 2");
}

TEST(YamlDocument, RefusesAliasesThatExpandToTooMuch) {
  std::string text = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = "*x" + std::to_string(i - 1) + " ";
    text += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" +
            repeated(alias + ", ", 9) + alias + "]\n";
  }
  EXPECT_EQ(first(parse(text)).substr(0, 6), "MP1006");
}

TEST(YamlDocument, RefusesAliasesThatExpandToTooManyOctets) {
  EXPECT_EQ(first(parse("x: &x " + std::string(8000, 'a') + "\ny: [" + repeated("*x , ", 600) +
                        "*x ]\n")),
            "MP1006 2:2625");
}

TEST(YamlDocument, RefusesDeepNestingInEveryStyle) {
  EXPECT_EQ(first(parse("a: " + repeated("[", 2000) + repeated("]", 2000))), "MP1006 1:35");
  EXPECT_EQ(first(parse("a: " + repeated("{a: ", 2000) + repeated("}", 2000))), "MP1006 1:128");
  EXPECT_EQ(first(parse(repeated("- ", 500'000))), "MP1006 1:65");
}

TEST(YamlDocument, StopsAtBracketsThatNobodyCloses) {
  EXPECT_EQ(first(parse("a: " + repeated("[", 500'000))), "MP1005 1:5");
  EXPECT_EQ(first(parse(repeated("{a: ", 200'000))).substr(0, 6), "MP1005");
  EXPECT_EQ(first(parse(repeated("? ", 500'000))), "MP1005 1:3");
}

TEST(YamlDocument, RefusesTabsInIndentation) {
  EXPECT_EQ(first(parse("a:\n\tb: 1\n")), "MP1002 2:1");
  EXPECT_EQ(first(parse("a:\n  b:\tx\n")), "none");
}

TEST(YamlDocument, RefusesWhatIsNotText) {
  EXPECT_EQ(first(parse("a: \xff\n")), "MP1001 1:4");
  EXPECT_EQ(first(parse(std::string("a: \0\n", 5))), "MP1001 1:4");
  EXPECT_EQ(first(parse("a: \x1b[31m\n")), "MP1001 1:4");
  EXPECT_EQ(first(parse("a: \"\\0\"\n")), "MP1002 1:4");
}

TEST(YamlDocument, RefusesSyntaxErrorsWithTheirPosition) {
  EXPECT_EQ(first(parse("a: [1, 2\nb: 3\n")).substr(0, 6), "MP1002");
  EXPECT_EQ(first(parse("a: *nowhere\n")).substr(0, 8), "MP1002 1");
}

TEST(YamlDocument, RefusesQuotesThatNobodyCloses) {
  EXPECT_EQ(first(parse("a: 'open\n")), "MP1002 1:4");
  EXPECT_EQ(first(parse("a: \"open\\\"\n")), "MP1002 1:4");
  EXPECT_EQ(first(parse("a: &x 'open\n")), "MP1002 1:4");
  EXPECT_EQ(first(parse("a: &x 'closed'\n")), "none");
  EXPECT_EQ(first(parse("a: 'it''s\n  closed'\n")), "none");
}

TEST(YamlDocument, RefusesWhatDoesNotContinueTheBlockAbove) {
  EXPECT_EQ(first(parse("- a\nb: c\n")), "MP1002 2:1");
}

TEST(YamlDocument, SaysThatAFileIsEmpty) {
  EXPECT_EQ(first(parse("")), "MP1010 1:1");
  EXPECT_EQ(first(parse("# nothing\n")), "MP1010 1:1");
}

TEST(YamlDocument, RefusesAFileOfMoreThanOneMebibyte) {
  EXPECT_EQ(first(parse("a: 1\n" + std::string(kMaxFile, '#'))), "MP1001 0:0");
}

TEST(YamlDocument, StopsAfterAHundredErrors) {
  EXPECT_EQ(parse("a: 1\n" + repeated("a: 1\n", 10'000)).diagnostics.size(), 100U);
}

}  // namespace
}  // namespace mailpipe::config
