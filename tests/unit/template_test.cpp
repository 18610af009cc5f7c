#include <mailpipe/template.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace mailpipe {
namespace {

using Kind = TemplateProblem::Kind;

TemplateRules rules(bool groups = false) {
  return {{{"id", TemplateField::Kind::Text, {}},
           {"received_at", TemplateField::Kind::Time, {}},
           {"subject", TemplateField::Kind::Text, {}},
           {"digest", TemplateField::Kind::Text, "it is not known yet"}},
          groups};
}

std::vector<TemplatePart> parts(const std::string& text, bool groups = false) {
  const ParsedTemplate parsed = parse_template(text, rules(groups));
  EXPECT_TRUE(parsed.problems.empty()) << text << ": " << parsed.problems.at(0).message;
  return parsed.parts;
}

TextFormat format(const std::string& text) {
  return parts("{subject:" + text + "}").at(0).text_format;
}

struct Wrong {
  std::string text;
  Kind kind;
  std::string octets;  ///< what the problem points at
  std::string message;
};

void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.text;
}

TEST(Template, ReadsTheNameOfTheSeedScript) {
  const auto all = parts("{received_at:%Y%m%d_%H%M%S}_{id}_{subject:50}");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].time_format, "%Y%m%d_%H%M%S");
  EXPECT_EQ(all[1].literal, "_");
  EXPECT_EQ(all[2].field, "id");
  EXPECT_EQ(all[2].text_format, TextFormat());
  EXPECT_EQ(all[4].text_format.characters, 50U);
  EXPECT_EQ(all[4].offset, 33U);
}

TEST(Template, DoubledBracesAreBraces) {
  const auto all = parts("{{a}}{{{id}}}");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].literal, "{a}{");
  EXPECT_EQ(all[1].field, "id");
  EXPECT_EQ(all[2].literal, "}");
}

TEST(Template, ATimeWithoutAFormatHasOneThatSorts) {
  EXPECT_EQ(parts("{received_at}").at(0).time_format, kDefaultTimeFormat);
}

TEST(Template, ATimeFormatIsTakenWhole) {
  EXPECT_EQ(parts("{received_at:%Y,%m: 100%%}").at(0).time_format, "%Y,%m: 100%%");
}

TEST(Template, FormatsOfATextAreCombined) {
  EXPECT_EQ(format("slug"), (TextFormat{.slug = true}));
  EXPECT_EQ(format("upper,words"), (TextFormat{.words = true, .upper = true}));
  EXPECT_EQ(format("80b,lower,40"), (TextFormat{.lower = true, .characters = 40, .octets = 80}));
  EXPECT_EQ(format("1000"), (TextFormat{.characters = 1000}));
}

TEST(Template, GroupsAreReadWhereThereAreAny) {
  const auto all = parts("\\1/\\\\\\0", true);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].group, 1);
  EXPECT_EQ(all[1].literal, "/\\");
  EXPECT_EQ(all[2].group, 0);
  EXPECT_EQ(parts("\\1").at(0).literal, "\\1");
}

class WrongTemplate : public testing::TestWithParam<Wrong> {};

TEST_P(WrongTemplate, IsSaidToBeSoWhereItIsWrong) {
  const Wrong& wrong = GetParam();
  const auto problems = parse_template(wrong.text, rules(wrong.text.starts_with('\\'))).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, wrong.kind);
  EXPECT_EQ(wrong.text.substr(problems[0].offset, problems[0].length), wrong.octets);
  EXPECT_EQ(problems[0].message, wrong.message);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongTemplate,
    testing::Values(
        Wrong{"a{id", Kind::Syntax, "{", "'{' that is not closed"},
        Wrong{"a{", Kind::Syntax, "{", "'{' that is not closed"},
        Wrong{"a{id{{", Kind::Syntax, "{", "'{' that is not closed"},
        Wrong{"a}b", Kind::Syntax, "}", "'}' without a '{' before it"},
        Wrong{"{id}}", Kind::Syntax, "}", "'}' without a '{' before it"},
        Wrong{"a{}b", Kind::Syntax, "{}", "'{' that no field follows"},
        Wrong{"{:50}", Kind::Syntax, "{:", "'{' that no field follows"},
        Wrong{"\\x", Kind::Syntax, "\\", "'\\' that no digit follows"},
        Wrong{"\\", Kind::Syntax, "\\", "'\\' that no digit follows"},
        Wrong{"\xC3\xA4{subjct:50}", Kind::UnknownField, "subjct", "unknown field 'subjct'"},
        Wrong{"{ID}", Kind::UnknownField, "ID", "unknown field 'ID'"},
        Wrong{"{id }", Kind::UnknownField, "id ", "unknown field 'id '"},
        Wrong{"{digest:8}", Kind::UnknownField, "digest",
              "field 'digest' cannot be used here: it is not known yet"},
        Wrong{"{id:}", Kind::Format, ":", "a format must follow the ':'"},
        Wrong{"{received_at:}", Kind::Format, ":", "a format must follow the ':'"},
        Wrong{"{received_at:slug}", Kind::Format, "slug",
              "a time takes a format like %Y-%m-%d, got 'slug'"},
        Wrong{"{received_at:%Y%Q}", Kind::Format, "%Q", "unknown conversion '%Q' of a time"},
        Wrong{"{received_at:%\xC3\xA4}", Kind::Format, "%\xC3\xA4",
              "unknown conversion '%\xC3\xA4' of a time"},
        Wrong{"{received_at:%Y%}", Kind::Format, "%", "unknown conversion '%' of a time"},
        Wrong{"{id:slog}", Kind::Format, "slog", "unknown format 'slog'"},
        Wrong{"{id:%Y}", Kind::Format, "%Y", "unknown format '%Y'"},
        Wrong{"{id:5c}", Kind::Format, "5c", "unknown format '5c'"},
        Wrong{"{id:slug,}", Kind::Format, "}", "unknown format ''"},
        Wrong{"{id:0}", Kind::Format, "0", "a width is from 1 to 1000"},
        Wrong{"{id:99999999999999999999999}", Kind::Format, "99999999999999999999999",
              "a width is from 1 to 1000"},
        Wrong{"{id:5,6}", Kind::Format, "6", "a second width of the same kind"},
        Wrong{"{id:5b,6,7b}", Kind::Format, "7b", "a second width of the same kind"},
        Wrong{"{id:slug,slug}", Kind::Format, "slug", "'slug' stands here twice"},
        Wrong{"{id:lower,upper}", Kind::Format, "upper",
              "words or slug, lower or upper: not both"}));

TEST(Template, EveryProblemIsFound) {
  EXPECT_EQ(parse_template("{a}{id:x,y}}{received_at:%1%2}{", rules()).problems.size(), 7U);
}

TEST(Template, AMisspeltWordComesWithWhatMayHaveBeenMeant) {
  const TemplateProblem problem = parse_template("{subjct}", rules()).problems.at(0);
  EXPECT_EQ(problem.word, "subjct");
  EXPECT_EQ(problem.candidates, (std::vector<std::string>{"id", "received_at", "subject"}));
}

TEST(Template, WhateverComesTheProblemsPointIntoIt) {
  constexpr char kOwn[] = "{}{}{}::,%\\0159bYmQ_a\xC3\xA4\xFF\n";
  const std::vector<std::string> words = {"id", "subject", "received_at", "slug", "lower", "%Y"};
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (unsigned length = random() % 12; length > 0; --length) {
      text += random() % 3 == 0 ? words[random() % words.size()]
                                : std::string(1, kOwn[random() % (sizeof kOwn - 1)]);
    }
    const ParsedTemplate parsed = parse_template(text, rules(i % 2 == 0));
    for (const TemplateProblem& problem : parsed.problems) {
      ASSERT_LT(problem.offset, text.size()) << text;
      ASSERT_GE(problem.length, 1U) << text;
      ASSERT_LE(problem.offset + problem.length, text.size()) << text;
      ASSERT_FALSE(problem.message.empty());
    }
    for (const TemplatePart& part : parsed.parts) {
      ASSERT_EQ(!part.literal.empty() + !part.field.empty() + part.group.has_value(), 1) << text;
    }
  }
}

}  // namespace
}  // namespace mailpipe
