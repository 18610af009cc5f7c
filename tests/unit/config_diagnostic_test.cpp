#include "config/diagnostic.hpp"

#include <gtest/gtest.h>

namespace mailpipe::config {
namespace {

const Sources kSources{{"p.yaml", "a: 1\nmäilboxs: {}\n"}};

Diagnostic unknown_option() {
  return {Severity::Error,
          "MP1004",
          "p.yaml",
          2,
          1,
          8,
          "unknown option 'mäilboxs'",
          "did you mean 'mailboxes'?",
          "look"};
}

TEST(Diagnostic, ShowsTheLineAnUnderlineAndTheHelp) {
  EXPECT_EQ(render({unknown_option()}, kSources, Format::Human),
            "p.yaml:2:1: error[MP1004]: unknown option 'mäilboxs'\n"
            "    2 | mäilboxs: {}\n"
            "      | ^^^^^^^^ did you mean 'mailboxes'?\n"
            "   = help: look\n"
            "1 error, 0 warnings in 1 file (no plugin code executed)\n");
}

TEST(Diagnostic, SaysTheSuggestionInTheMessageWhenThereIsNoLineToShow) {
  Diagnostic one = unknown_option();
  one.help.clear();
  EXPECT_EQ(render({one}, {}, Format::Human),
            "p.yaml:2:1: error[MP1004]: unknown option 'mäilboxs'; did you mean 'mailboxes'?\n"
            "1 error, 0 warnings in 1 file (no plugin code executed)\n");
}

TEST(Diagnostic, SortsByPosition) {
  Diagnostic earlier{Severity::Warning, "MP1301", "p.yaml", 1, 4, 1, "first", {}, {}};
  const std::string text = render({unknown_option(), earlier}, kSources, Format::Human);
  EXPECT_LT(text.find("MP1301"), text.find("MP1004"));
  EXPECT_NE(text.find("1 error, 1 warning in 1 file"), std::string::npos);
}

TEST(Diagnostic, NeverLetsEscapeSequencesThrough) {
  const Diagnostic hostile{Severity::Error, "MP1004", "a\x1b.yaml", 1, 1, 1,
                           "b\x1b[31m",     "c\x1b",  "d\nx"};
  const Sources sources{{"a\x1b.yaml", "\x1b]0;title\x07\n"}};
  for (const Format format : {Format::Human, Format::Json, Format::Github}) {
    EXPECT_EQ(render({hostile}, sources, format).find_first_of("\x1b\x07"), std::string::npos);
  }
}

TEST(Diagnostic, UnderlinesWhatIsShownWhenCharactersAreEscaped) {
  const Diagnostic one{Severity::Error, "MP1004", "p", 1, 3, 1, "m", {}, {}};
  EXPECT_NE(render({one},
                   {{"p",
                     "a\x1b"
                     "b"}},
                   Format::Human)
                .find("a\\u{1b}b\n      |        ^\n"),
            std::string::npos);
}

TEST(Diagnostic, UnderlinesWhatStandsBehindWideLetters) {
  const Diagnostic one{Severity::Error, "MP1004", "p", 1, 5, 2, "m", {}, {}};
  EXPECT_NE(
      render({one}, {{"p", "\u65e5\u672ce\u0301xy"}}, Format::Human).find("\n      |      ^^\n"),
      std::string::npos);
}

TEST(Diagnostic, ShowsTheMiddleOfALongLine) {
  const Diagnostic one{Severity::Error, "MP1004", "p", 1, 301, 3, "m", {}, {}};
  const std::string line = std::string(300, 'a') + "xyz" + std::string(300, 'b');
  EXPECT_NE(render({one}, {{"p", line}}, Format::Human)
                .find("    1 | ..." + std::string(80, 'a') + "xyz" + std::string(77, 'b') +
                      "...\n      | " + std::string(83, ' ') + "^^^\n"),
            std::string::npos);
}

TEST(Diagnostic, EscapesWhatGithubReadsAsItsOwn) {
  const Diagnostic one{Severity::Error, "MP1004", "a,b:c.yaml", 2, 3, 4, "50% of", {}, {}};
  EXPECT_EQ(render({one}, {}, Format::Github),
            "::error file=a%2Cb%3Ac.yaml,line=2,col=3,endColumn=7,title=MP1004::50%25 of\n");
}

TEST(Diagnostic, SaysNothingToPeopleWhenNothingIsWrong) {
  EXPECT_EQ(render({}, kSources, Format::Human), "");
}

}  // namespace
}  // namespace mailpipe::config
