#include "app/figures.hpp"
#include "app/progress_view.hpp"
#include "app/redactor.hpp"
#include "app/summary.hpp"

#include <mailpipe/printable.hpp>

#include <gtest/gtest.h>

namespace mailpipe::app {
namespace {

run::RunReport report() {
  run::RunReport out;
  out.pipeline = "fastmail";
  out.seconds = 41;
  return out;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- figures

TEST(Figures, GroupDigitsByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1 000");
  EXPECT_EQ(grouped(12345678), "12 345 678");
}

TEST(Figures, OctetsHaveAUnit) {
  EXPECT_EQ(octets(0), "0 B");
  EXPECT_EQ(octets(1023), "1023 B");
  EXPECT_EQ(octets(1536), "1.5 KiB");
  EXPECT_EQ(octets(std::uint64_t{1300} << 20U), "1.3 GiB");
}

TEST(Figures, DurationsHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration(0.42), "0.4 s");
  EXPECT_EQ(duration(41), "41 s");
  EXPECT_EQ(duration(200), "3 min 20 s");
  EXPECT_EQ(duration(7500), "2 h 5 min");
  EXPECT_EQ(duration(-1), "0 s");
}

// ---- summary

TEST(Summary, TellsWhatWasDoneInOneLine) {
  run::RunReport out = report();
  out.counts.listed = 10000;
  out.counts.stored = 9988;
  out.counts.held = 12;
  out.fetched_bytes = std::uint64_t{1300} << 20U;
  EXPECT_EQ(summary(out), "fastmail: 10 000 listed, 9 988 stored (1.3 GiB), 12 held in 41 s\n");
}

TEST(Summary, SaysThatNothingIsNewAndWhatStillWaits) {
  run::RunReport out = report();
  out.counts.listed = out.counts.known = 5;
  out.held = 3;
  EXPECT_EQ(summary(out), "fastmail: nothing new (3 held from earlier runs) in 41 s\n");
}

TEST(Summary, NamesReasonsOfFilters) {
  run::RunReport out = report();
  out.counts.listed = out.counts.filtered = 2;
  out.filtered_by["window: before-first-run"] = 2;
  EXPECT_TRUE(contains(summary(out), "\n  filtered: 2 by window: before-first-run\n"));
}

TEST(Summary, CapsTheListOfMessages) {
  run::RunReport out = report();
  out.counts.gone = 100;
  out.items.assign(100, {"key", "gone", ""});
  out.more_items = 7;
  EXPECT_TRUE(contains(summary(out), "... and 87 more; --report FILE")) << summary(out);
}

TEST(Summary, OfAnInterruptedRunNamesOnlyWhatWasTried) {
  run::RunReport out = report();
  out.exit_code = 130;
  out.counts.listed = 3;
  out.counts.stored = out.counts.failed = out.counts.quarantined = 1;
  out.items = {{"key-1", "failed", "not fetched"}, {"key-2", "quarantined", "no body"}};
  out.more_items = 7;
  EXPECT_EQ(summary(out),
            "fastmail: stopped early: 3 listed, 1 stored, 1 quarantined, 1 not finished in 41 s\n"
            "  quarantined: key-2: no body\n");
}

TEST(Summary, MakesForeignTextPrintable) {
  run::RunReport out = report();
  out.counts.quarantined = 1;
  out.items.push_back({"k\x1b[31m", "quarantined", "a\nb"});
  EXPECT_FALSE(contains(summary(out), "\x1b"));
  EXPECT_TRUE(contains(summary(out), "a\\u{a}b"));
}

TEST(Summary, ErrorsHaveTheirHint) {
  run::RunReport out = report();
  out.errors.push_back({ErrorClass::Auth, "login refused", "check the token", "source", {}});
  EXPECT_EQ(error_lines(out), "error: source: login refused\n   = help: check the token\n");
}

// ---- progress

TEST(ProgressLine, ConnectsThenLists) {
  Snapshot now;
  EXPECT_EQ(describe(now, 0), "connecting");
  now.listed = 4000;
  now.estimated = 10000;
  EXPECT_EQ(describe(now, 0), "listing 4 000 of about 10 000");
}

TEST(ProgressLine, FetchingTellsRateAndTimeLeft) {
  Snapshot now;
  now.listing_done = true;
  now.wanted = 10;
  now.fetched = 4;
  now.wanted_bytes = 10240;
  now.fetched_bytes = 4096;
  EXPECT_EQ(describe(now, 1024), "fetching 4/10  4.0 KiB/10 KiB  1.0 KiB/s  6.0 s left");
}

TEST(ProgressLine, GivesNoTimeLeftWhileTheListingGoesOn) {
  Snapshot now;
  now.listed = 5;
  now.wanted = 10;
  now.wanted_bytes = 10240;
  now.fetched_bytes = 4096;
  EXPECT_FALSE(contains(describe(now, 1024), "left"));
}

TEST(ProgressLine, IsNeverWiderThanTheTerminal) {
  Snapshot now;
  now.listing_done = true;
  now.wanted = now.wanted_bytes = UINT64_MAX;
  for (std::size_t columns = 0; columns < 200; ++columns) {
    EXPECT_LE(draw(now, 1e18, columns).size(), columns);
  }
}

TEST(ProgressLine, LeavesTheListingOutWhereThereIsNoRoomForBoth) {
  Snapshot now;
  now.listed = now.wanted = 17576;
  now.estimated = 20000;
  now.fetched = 17000;
  EXPECT_TRUE(contains(draw(now, 0, 100), "listing 17 576 of about 20 000, fetching"));
  EXPECT_EQ(draw(now, 0, 50).rfind("fetching 17 000/17 576", 0), 0U);
}

TEST(ProgressLine, HasABarWhereThereIsRoom) {
  Snapshot now;
  now.wanted = 10;
  now.fetched = 5;
  EXPECT_EQ(draw(now, 0, 100).rfind("[##########..........] ", 0), 0U);
  EXPECT_EQ(draw(now, 0, 30).front(), 'l');
}

// ---- redactor

TEST(Redactor, TakesOutASecretInEveryForm) {
  Redactor redactor;
  redactor.add("p\"ss\nword");
  EXPECT_EQ(redactor.redact("raw p\"ss\nword."), "raw [secret].");
  EXPECT_EQ(redactor.redact(R"({"a":"p\"ss\nword"})"), R"({"a":"[secret]"})");
  EXPECT_EQ(redactor.redact("shown p\"ss\\u{a}word."), "shown [secret].");
}

TEST(Redactor, TakesOutLoginsInBase64WhateverTheUserIs) {
  Redactor redactor;
  redactor.add("hunter22");
  // base64 of "\0ann\0hunter22", "\0ann.b\0hunter22", "\0ann.bc\0hunter22"
  EXPECT_EQ(redactor.redact("PLAIN AGFubgBodW50ZXIyMg== refused"), "PLAIN [secret] refused");
  EXPECT_EQ(redactor.redact("PLAIN AGFubi5iAGh1bnRlcjIy refused"), "PLAIN [secret] refused");
  EXPECT_EQ(redactor.redact("PLAIN AGFubi5iYwBodW50ZXIyMg== refused"), "PLAIN [secret] refused");
}

TEST(Redactor, TakesOutPercentEncodingAndOtherCases) {
  Redactor redactor;
  redactor.add("p/ss word");
  EXPECT_EQ(redactor.redact("?t=p%2Fss%20word&"), "?t=[secret]&");
  EXPECT_EQ(redactor.redact("?t=p%2fss%20word&"), "?t=[secret]&");
  EXPECT_EQ(redactor.redact("?t=%70%2f%73%73%20%77%6f%72%64&"), "?t=[secret]&");
  EXPECT_EQ(redactor.redact("BAD P/SS WORD"), "BAD [secret]");
}

TEST(Redactor, TakesOutAllOfASecretWhoseFormsBeginAlike) {
  Redactor redactor;
  redactor.add("longpart\"another");
  EXPECT_EQ(redactor.redact("bad longpart\"another"), "bad [secret]");
}

TEST(Redactor, TakesOutTheBeginningOfASecretThatIsCutOff) {
  Redactor redactor;
  const std::string secret = "s3kr1t-0123456789";
  redactor.add(secret);
  for (std::size_t limit = 4 + 4; limit < 4 + secret.size(); ++limit) {
    EXPECT_EQ(redactor.redact(printable("bad " + secret, limit)), "bad [secret]...") << limit;
  }
  for (std::size_t size = 8; size < secret.size(); ++size) {
    EXPECT_EQ(redactor.redact("bad " + secret.substr(0, size)), "bad [secret]") << size;
  }
  EXPECT_EQ(redactor.redact("s3kr1t-0 is another word"), "s3kr1t-0 is another word");
}

TEST(Redactor, TakesTheLongestFirst) {
  Redactor redactor;
  redactor.add("abcd");
  redactor.add("abcdef");
  EXPECT_EQ(redactor.redact("abcdef abcd"), "[secret] [secret]");
}

TEST(Redactor, LeavesShortValuesAlone) {
  Redactor redactor;
  redactor.add("abc");
  redactor.add("");
  EXPECT_EQ(redactor.redact("abc"), "abc");
}

}  // namespace
}  // namespace mailpipe::app
