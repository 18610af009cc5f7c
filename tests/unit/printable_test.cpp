#include <mailpipe/printable.hpp>

#include <gtest/gtest.h>

#include <string>

namespace mailpipe {
namespace {

TEST(Printable, KeepsLettersOfEveryScript) {
  EXPECT_EQ(printable("Grüße, 日本語 🙂"), "Grüße, 日本語 🙂");
}

TEST(Printable, EscapesControlsAndEscapeSequences) {
  EXPECT_EQ(printable(std::string("a\n\x1b[31mb\0", 9)), "a\\u{a}\\u{1b}[31mb\\u{0}");
}

TEST(Printable, EscapesDirectionMarks) {
  EXPECT_EQ(printable("a\u202Eb"), "a\\u{202e}b");
}

TEST(Printable, EscapesOctetsThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff\xc0\x80z"), "a\\u{ff}\\u{c0}\\u{80}z");
}

TEST(Printable, RefusesSurrogatesAndWhatLiesBeyondUnicode) {
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\u{ed}\\u{a0}\\u{80}");
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\u{f4}\\u{90}\\u{80}\\u{80}");
}

TEST(Printable, CutsAtACharacter) {
  EXPECT_EQ(printable("ääää", 5), "ää...");
}

}  // namespace
}  // namespace mailpipe
