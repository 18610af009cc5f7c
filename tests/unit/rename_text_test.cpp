// What single fields become: formats, times, hashes, flags.
#include "field_values.hpp"
#include "text_format.hpp"
#include "time_text.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace mailpipe::rename {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr const char* kUmlauts = "\xC3\xA4\xC3\xB6\xC3\xBC";            // 2 octets each
constexpr const char* kKanji = "\xE5\xB1\xB1\xE7\x94\xB0\xE6\x9C\xA8";  // 3 octets each
constexpr const char* kFaces = "\xF0\x9F\x98\x80\xF0\x9F\x98\x81";      // 4 octets each

std::string cut(std::string text, std::size_t characters) {
  return formatted(std::move(text), {.characters = characters});
}

std::string cut_octets(std::string text, std::size_t octets) {
  return formatted(std::move(text), {.octets = octets});
}

std::string slug(std::string text) {
  return formatted(std::move(text), {.slug = true});
}

std::string written(std::int64_t time, const std::string& format, const std::string& zone = "UTC") {
  return TimeText(zone).write(sys_seconds(seconds(time)), format);
}

TEST(TextFormats, AWidthCountsCharacters) {
  EXPECT_EQ(cut("abc", 2), "ab");
  EXPECT_EQ(cut(kUmlauts, 2), "\xC3\xA4\xC3\xB6");
  EXPECT_EQ(cut(kKanji, 1), "\xE5\xB1\xB1");
  EXPECT_EQ(cut(kFaces, 1), "\xF0\x9F\x98\x80");
  EXPECT_EQ(cut(kKanji, 3), kKanji);
  EXPECT_EQ(cut(kKanji, 1000), kKanji);
}

TEST(TextFormats, AWidthInBytesCutsBetweenCharacters) {
  EXPECT_EQ(cut_octets(kUmlauts, 3), "\xC3\xA4");
  EXPECT_EQ(cut_octets(kUmlauts, 4), "\xC3\xA4\xC3\xB6");
  EXPECT_EQ(cut_octets(kKanji, 2), "");
  EXPECT_EQ(cut_octets(kKanji, 8), "\xE5\xB1\xB1\xE7\x94\xB0");
  EXPECT_EQ(cut_octets(kFaces, 7), "\xF0\x9F\x98\x80");
  EXPECT_EQ(cut_octets("a\xC3\xA4", 2), "a");
}

TEST(TextFormats, OctetsThatAreNoUtf8CountOneEach) {
  EXPECT_EQ(cut("\xFF\xFE\xFD", 2), "\xFF\xFE");
  EXPECT_EQ(cut_octets("\xE5\xB1", 1), "\xE5");
}

TEST(TextFormats, BothWidthsHold) {
  EXPECT_EQ(formatted(kKanji, {.characters = 2, .octets = 3}), "\xE5\xB1\xB1");
  EXPECT_EQ(formatted("abcdef", {.characters = 2, .octets = 3}), "ab");
}

TEST(TextFormats, NoSpaceIsLeftAtACut) {
  EXPECT_EQ(cut("one two", 4), "one");
  EXPECT_EQ(cut("one ", 10), "one ");
}

TEST(TextFormats, SlugKeepsLettersAndDigitsOfEveryScript) {
  EXPECT_EQ(slug("Re: Hello, World! (2)"), "re-hello-world-2");
  EXPECT_EQ(slug(std::string(kKanji) + " / \xC3\x84"), std::string(kKanji) + "-\xC3\xA4");
  EXPECT_EQ(slug("../..\\..%00"), "00");
  EXPECT_EQ(slug("!!!"), "");
  EXPECT_EQ(slug("a\xFF\xE2\x80\xAE"
                 "b"),
            "a-b");
  EXPECT_EQ(formatted("ab cd", {.slug = true, .characters = 3}), "ab");
}

TEST(TextFormats, CaseIsThatOfUnicodeUnderEveryLocale) {
  EXPECT_EQ(formatted("iI\xC3\xA4", {.upper = true}), "II\xC3\x84");
  EXPECT_EQ(formatted("iI\xC3\x84\xFF", {.lower = true}), "ii\xC3\xA4\xFF");
}

TEST(TextFormats, WordsAreWhatTheSeedScriptKept) {
  EXPECT_EQ(formatted("Re: it's [done]!", {.words = true}), "Re its done");
}

TEST(OneLine, LeavesNoControlAndNothingInvisible) {
  EXPECT_EQ(one_line(" a\t\r\n b\x1B[0m\x7F "), "a b [0m");
  EXPECT_EQ(one_line("a\xE2\x80\xAE"
                     "b\xE2\x80\x8B"
                     "c\xEF\xBB\xBF"
                     "d"),
            "abcd");
  EXPECT_EQ(one_line("\xC2\xA0"
                     "a\xE2\x80\x83\xC2\x85"
                     "b\xE3\x80\x80"),
            "a b");
}

TEST(TimeText, WritesEveryConversion) {
  // 2024-01-31T23:59:58Z, a Wednesday
  constexpr std::int64_t kTime = 1706745598;
  EXPECT_EQ(written(kTime, "%Y%m%d_%H%M%S"), "20240131_235958");
  EXPECT_EQ(written(kTime, "%F %y %j %G-W%V-%u"), "2024-01-31 24 031 2024-W05-3");
  EXPECT_EQ(written(kTime, "%a %b %z %s %%"), "Wed Jan +0000 1706745598 %");
}

TEST(TimeText, KnowsTimeZonesAndTheirSummers) {
  EXPECT_EQ(written(1706745598, "%F %H %z", "Europe/Berlin"), "2024-02-01 00 +0100");
  EXPECT_EQ(written(1720000000, "%F %H:%M %z", "Europe/Berlin"), "2024-07-03 11:46 +0200");
  EXPECT_EQ(written(1706745598, "%H%M %z", "America/St_Johns"), "2029 -0330");
  EXPECT_EQ(written(1706745598, "%H %z", "+05:30"), "05 +0530");
  EXPECT_EQ(written(4118083200, "%F %H %z", "Europe/Berlin"), "2100-07-01 02 +0200");
}

TEST(TimeText, ATimeThatIsNotKnownIsZerosOfTheSameLength) {
  const TimeText utc("UTC");
  EXPECT_EQ(utc.write(std::nullopt, "%Y%m%d_%H%M%S"), "00000000_000000");
  EXPECT_EQ(utc.write(std::nullopt, "%F %y %j %G %V %u %a %b %z %s %%"),
            "0000-00-00 00 000 0000 00 0 --- --- +0000 0 %");
  EXPECT_EQ(written(-99'999'999'999, "%F"), "0000-00-00");
  EXPECT_EQ(written(999'999'999'999, "%Y"), "0000");
}

TEST(TimeText, RefusesAZoneThatThisMachineDoesNotKnow) {
  EXPECT_THROW(TimeText("Mars/Olympus"), Error);
}

TEST(KeyText, DiffersInMoreThanCaseAndIsTheSameForEver) {
  EXPECT_EQ(key_text("jmap:a:M1"), key_text("jmap:a:M1"));
  EXPECT_EQ(key_text("").size(), 26U);
  // The first 130 bits of SHA-256 of nothing, in Crockford's base 32.
  EXPECT_EQ(key_text(""), "werc8gmrzge196qvyk49jvxs4g");
}

TEST(FlagLetters, AreThoseOfMaildir) {
  EXPECT_EQ(flag_letters({"$seen", "$Flagged", "$answered", "$junk", "x"}), "FRS");
  EXPECT_EQ(flag_letters({}), "");
}

TEST(FirstMailbox, DoesNotDependOnTheOrder) {
  const Mailbox work{.id = "1", .path = {"Work", "2024"}, .role = {}};
  const Mailbox inbox{.id = "2", .path = {"INBOX"}, .role = {}};
  EXPECT_EQ(first_mailbox({work, inbox}), "INBOX");
  EXPECT_EQ(first_mailbox({inbox, work}), "INBOX");
  EXPECT_EQ(first_mailbox({work}), "Work.2024");
  EXPECT_EQ(first_mailbox({}), "");
}

}  // namespace
}  // namespace mailpipe::rename
