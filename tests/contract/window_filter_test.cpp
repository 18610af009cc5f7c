#include "window_filter.hpp"

#include <mailpipe/testing/filter_contract.hpp>

#include <chrono>

namespace mailpipe {
namespace {

using test::FilterContract;

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::int64_t kRun = 1'700'000'000;
constexpr std::int64_t kDay = 86'400;

sys_seconds at(std::int64_t time) {
  return sys_seconds(seconds(time));
}

Item received(std::int64_t time, bool initial = true) {
  Item item;
  item.key = "jmap:a:" + std::to_string(time) + (initial ? "i" : "l");
  item.received_at = at(time);
  item.initial = initial;
  return item;
}

struct WindowFilterTest : testing::Test {
  WindowFilterTest() { host.set_run_time(at(kRun)); }

  Verdict judge(const std::string& options, const Item& item) {
    return window::WindowFilter(Options(options), host).judge(item, nullptr);
  }

  std::string reason(const std::string& options, const Item& item) {
    return judge(options, item).reason;
  }

  Verdict::Kind kind(const std::string& options, const Item& item) {
    return judge(options, item).kind;
  }

  test::TestHost host;
};

TEST_F(WindowFilterTest, KeepsEverythingWithoutOptions) {
  EXPECT_EQ(kind("{}", received(0)), Verdict::Kind::Keep);
  EXPECT_EQ(kind(R"({"delay":0})", received(kRun + 5)), Verdict::Kind::Keep);
}

TEST_F(WindowFilterTest, HoldsWhatIsYoungerThanTheDelayToTheSecond) {
  const std::string options = R"({"delay":86400})";
  EXPECT_EQ(kind(options, received(kRun - kDay)), Verdict::Kind::Keep);
  const Verdict verdict = judge(options, received(kRun - kDay + 1));
  EXPECT_EQ(verdict.kind, Verdict::Kind::Hold);
  EXPECT_EQ(verdict.hold_until, at(kRun + 1));
}

TEST_F(WindowFilterTest, KeepsWhatItHeldOnceTheTimeHasCome) {
  const std::string options = R"({"delay":86400})";
  const Verdict verdict = judge(options, received(kRun));
  host.set_run_time(verdict.hold_until - seconds(1));
  EXPECT_EQ(kind(options, received(kRun)), Verdict::Kind::Hold);
  host.set_run_time(verdict.hold_until);
  EXPECT_EQ(kind(options, received(kRun)), Verdict::Kind::Keep);
}

TEST_F(WindowFilterTest, BoundsAreHalfOpen) {
  const std::string options = R"({"since":1000,"until":2000})";
  EXPECT_EQ(reason(options, received(999)), "before-since");
  EXPECT_EQ(kind(options, received(1000)), Verdict::Kind::Keep);
  EXPECT_EQ(kind(options, received(1999)), Verdict::Kind::Keep);
  EXPECT_EQ(reason(options, received(2000)), "not-before-until");
}

TEST_F(WindowFilterTest, FirstRunReachesBackFromTheFirstRunToTheSecond) {
  const std::string options = R"({"first_run":604800})";
  EXPECT_EQ(kind(options, received(kRun - 7 * kDay)), Verdict::Kind::Keep);
  EXPECT_EQ(reason(options, received(kRun - 7 * kDay - 1)), "before-first-run");
}

TEST_F(WindowFilterTest, FirstRunStaysWhereItWasOnLaterRuns) {
  const std::string options = R"({"first_run":604800})";
  judge(options, received(kRun));
  host.set_run_time(at(kRun + 30 * kDay));
  EXPECT_EQ(kind(options, received(kRun - 7 * kDay)), Verdict::Kind::Keep);
  EXPECT_EQ(reason(options, received(kRun - 7 * kDay - 1)), "before-first-run");
}

TEST_F(WindowFilterTest, AChangedFirstRunCountsFromTheSameInstant) {
  judge(R"({"first_run":604800})", received(kRun));
  host.set_run_time(at(kRun + 30 * kDay));
  const std::string options = R"({"first_run":2592000})";
  EXPECT_EQ(kind(options, received(kRun - 30 * kDay)), Verdict::Kind::Keep);
  EXPECT_EQ(reason(options, received(kRun - 30 * kDay - 1)), "before-first-run");
}

TEST_F(WindowFilterTest, AFirstRunAddedLaterCountsFromTheTrueFirstRun) {
  judge("{}", received(kRun));
  host.set_run_time(at(kRun + 30 * kDay));
  EXPECT_EQ(kind(R"({"first_run":604800})", received(kRun - 7 * kDay)), Verdict::Kind::Keep);
}

TEST_F(WindowFilterTest, FirstRunDoesNotJudgeWhatArrivesLater) {
  EXPECT_EQ(kind(R"({"first_run":604800})", received(0, false)), Verdict::Kind::Keep);
}

TEST_F(WindowFilterTest, StoresTheFirstRunAgainWhenATransactionTookItBack) {
  window::WindowFilter filter(Options(R"({"first_run":604800})"), host);
  filter.judge(received(kRun), nullptr);
  host.values.clear();
  filter.judge(received(kRun), nullptr);
  EXPECT_EQ(host.values.at("first_run_at"), std::to_string(kRun));
}

TEST_F(WindowFilterTest, KeepsAMessageWithoutATime) {
  Item item = received(0);
  item.received_at.reset();
  EXPECT_EQ(kind(R"({"delay":60,"first_run":60,"since":1000,"until":2000})", item),
            Verdict::Kind::Keep);
}

TEST_F(WindowFilterTest, WhatIsOutOfBoundsIsNotHeldFirst) {
  EXPECT_EQ(reason(R"({"delay":86400,"until":2000})", received(kRun)), "not-before-until");
}

TEST_F(WindowFilterTest, RefusesBoundsThatNothingCanPass) {
  EXPECT_THROW(window::WindowFilter(Options(R"({"since":2000,"until":2000})"), host), Error);
}

TEST_F(WindowFilterTest, SaysSoWhenTheStoredInstantIsDamaged) {
  host.values["first_run_at"] = "yesterday";
  EXPECT_THROW(judge("{}", received(kRun)), Error);
}

std::vector<Item> every_kind() {
  Item undated = received(1);
  undated.received_at.reset();
  return {received(0),           received(-kRun),
          received(0, false),    received(1'000'000),
          received(2'000'000),   received(3 * kDay),
          received(kRun),        undated,
          received(kRun, false), received(kRun + hours(1).count())};
}

INSTANTIATE_TEST_SUITE_P(
    Window, FilterContract,
    testing::Values(test::FilterCase{
        "window",
        [](Host& host) {
          return std::make_unique<window::WindowFilter>(
              Options(R"({"delay":86400,"first_run":604800,"since":-5,"until":1800000000})"), host);
        },
        every_kind()}),
    [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace mailpipe
