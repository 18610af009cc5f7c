#include "file_name.hpp"
#include "header_text.hpp"

#include <mailpipe/printable.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mailpipe {
namespace {

Body body_of(const std::string& text) {
  mp_body view{};
  view.struct_size = sizeof(view);
  view.data = text.data();
  view.fd = -1;
  view.size = text.size();
  return Body(view);
}

std::string subject(const std::string& message) {
  return subject_of(body_of(message));
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto next = detail::decode_utf8(text);
    if (next.length == 0) {
      return false;
    }
    text.remove_prefix(next.length);
  }
  return true;
}

TEST(HeaderText, DecodesWordsOfRfc2047) {
  EXPECT_EQ(subject("Subject: =?UTF-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?_aus_K=F6ln?=\r\n\r\n"),
            "Grüße aus Köln");
}

TEST(HeaderText, TakesRawOctetsAsUtf8) {
  EXPECT_EQ(subject("Subject: Gr\xc3\xbc\xc3\x9f"
                    "e\r\n\r\n"),
            "Grüße");
}

TEST(HeaderText, TakesRawOctetsThatAreNotUtf8AsLatin1) {
  EXPECT_EQ(subject("Subject: Gr\xfc\xdf"
                    "e\r\n\r\n"),
            "Grüße");
}

TEST(HeaderText, ComposesWhatComesInPieces) {
  EXPECT_EQ(subject("Subject: u\xcc\x88\r\n\r\n"), "ü");
}

TEST(HeaderText, UnfoldsLinesWithEitherEnd) {
  EXPECT_EQ(subject("Subject: one\r\n two\r\n\tthree\r\nTo: x\r\n\r\n"), "one two three");
  EXPECT_EQ(subject("Subject: one\n two\nTo: x\n\n"), "one two");
}

TEST(HeaderText, FindsTheNameInAnyCase) {
  EXPECT_EQ(subject("SUBJECT: loud\r\n\r\n"), "loud");
  EXPECT_EQ(subject("subject : old\r\n\r\n"), "old");
}

TEST(HeaderText, TakesTheFirstOfTwo) {
  EXPECT_EQ(subject("Subject: one\r\nSubject: two\r\n\r\n"), "one");
}

TEST(HeaderText, HasNoSubjectWhereThereIsNone) {
  EXPECT_EQ(subject("From: a@b\r\n\r\nSubject: body\r\n"), "");
  EXPECT_EQ(subject("\r\nSubject: body\r\n"), "");
  EXPECT_EQ(subject(""), "");
  EXPECT_EQ(subject("no header at all"), "");
  EXPECT_EQ(subject("Subject:\r\n\r\n"), "");
}

TEST(HeaderText, DoesNotTakeAFoldedLineForAField) {
  EXPECT_EQ(subject("To: x\r\n Subject: folded\r\nSubject: real\r\n\r\n"), "real");
}

TEST(HeaderText, FindsASubjectBehindAHundredHeaders) {
  std::string message;
  for (int i = 0; i < 100; ++i) {
    message += "Received: " + std::string(1000, 'x') + "\r\n";
  }
  EXPECT_EQ(subject(message + "Subject: far\r\n\r\nbody"), "far");
}

TEST(HeaderText, LooksNoFurtherThanTheLimit) {
  const std::string message = "X: " + std::string(2000, 'x') + "\r\nSubject: far\r\n\r\n";
  EXPECT_EQ(header_section(body_of(message), 1000).size(), 1000U);
  EXPECT_EQ(header_section(body_of("A: b\r\n\r\nbody")), "A: b\r\n\r\n");
}

TEST(HeaderText, GivesValidTextWhateverComesIn) {
  for (const std::string raw :
       {"=?utf-8?Q?=ff=fe=00?=", "=?none-such?B?gICA?=", "=?utf-8?B?", "=?x?=?=?=", "\xff\xfe\x80",
        "=?utf-7?Q?+AG8-?=", "=?utf-8?Q?a=0D=0Ab=09c?="}) {
    const std::string text = decode_header_text(raw);
    EXPECT_TRUE(valid_utf8(text)) << raw;
    EXPECT_EQ(text.find_first_of(std::string("\0\r\n\t", 4)), std::string::npos) << raw;
  }
}

TEST(HeaderText, LeavesOutNulOctets) {
  EXPECT_EQ(subject(std::string("Subject: a\0b\r\n\r\n", 16)), "ab");
}

TEST(FileName, KeepsLettersOfEveryScriptAndSpaces) {
  EXPECT_EQ(encode_file_name("Grüße, 日本語 🙂.eml", true), "Grüße, 日本語 🙂.eml");
}

TEST(FileName, EncodesWhatLeavesTheFolderOrHides) {
  EXPECT_EQ(encode_file_name("../../etc/passwd", true), "%2E.%2F..%2Fetc%2Fpasswd");
  EXPECT_EQ(encode_file_name(".", true), "%2E");
  EXPECT_EQ(encode_file_name("..", true), "%2E.");
  EXPECT_EQ(encode_file_name(".hidden", false), ".hidden");
}

TEST(FileName, EncodesControlsDirectionMarksAndInvalidOctets) {
  EXPECT_EQ(encode_file_name(std::string("a\0b\n\x1b[0m", 8), true), "a%00b%0A%1B[0m");
  EXPECT_EQ(encode_file_name("a\u202Eb\u0085", true), "a%E2%80%AEb%C2%85");
  EXPECT_EQ(encode_file_name("a\xff\xc0\xafz", true), "a%FF%C0%AFz");
}

TEST(FileName, EncodesAPercentSignOnlyWhereItLooksLikeOurs) {
  EXPECT_EQ(encode_file_name("100% of %41", true), "100% of %2541");
}

TEST(FileName, CutsAtACharacterAndKeepsBothEnds) {
  EXPECT_EQ(fit_file_name("id_", "äöü", ".eml", 12), "id_äö.eml");
  EXPECT_EQ(fit_file_name("id_", "a\x01z", ".eml", 10), "id_a.eml");
  EXPECT_EQ(fit_file_name("id_", "x", ".eml", 5), "id_.eml");
}

TEST(PlainWords, DoesAsTheSeedScriptDid) {
  EXPECT_EQ(plain_words("Re: [list] What's new? (2/3)"), "Re list Whats new 23");
  EXPECT_EQ(plain_words("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), "");
  EXPECT_EQ(plain_words("  a  b  "), "a  b");
  EXPECT_EQ(plain_words("„Grüße“ – 日本語"), "„Grüße“ – 日本語");
}

TEST(PlainWords, CutsBeforeItTrims) {
  // Python: (" " * 3 + "x" * 60)[:50].strip() has 47 letters.
  EXPECT_EQ(plain_words("   " + std::string(60, 'x')), std::string(47, 'x'));
  EXPECT_EQ(plain_words(std::string(49, 'x') + " y"), std::string(49, 'x'));
  EXPECT_EQ(plain_words("a" + std::string(60, '.') + "b"), "ab");
  EXPECT_EQ(plain_words("\u00a0\u3000a\u2003"), "a");
}

TEST(PlainWords, CountsCharactersNotOctets) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += "語";
  }
  EXPECT_EQ(plain_words(text), text.substr(0, 150));
}

}  // namespace
}  // namespace mailpipe
