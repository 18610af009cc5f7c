#include "run/report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mailpipe::run {
namespace {

Counts one_of_each() {
  return {.listed = 1,
          .removed = 2,
          .reoffered = 3,
          .known = 4,
          .updated = 5,
          .filtered = 6,
          .held = 7,
          .deduped = 8,
          .stored = 9,
          .quarantined = 10,
          .gone = 11,
          .failed = 12};
}

TEST(Counts, AddFieldByField) {
  Counts sum = one_of_each();
  sum += one_of_each();
  EXPECT_EQ(sum, (Counts{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}));
}

TEST(RunReport, HasEveryCountInItsJson) {
  RunReport report;
  report.counts = one_of_each();
  const nlohmann::json counts = to_json(report).at("counts");
  ASSERT_EQ(counts.size(), 12U);
  std::uint64_t sum = 0;
  for (const auto& count : counts) {
    sum += count.get<std::uint64_t>();
  }
  EXPECT_EQ(sum, report.counts.in() + report.counts.out());
}

TEST(RunReport, MakesForeignTextPrintableAndValid) {
  RunReport report;
  report.items.push_back({"k\xff", "gone", "a\x1b"});
  report.errors.push_back({ErrorClass::Auth, "w\n", "h", "source", {{"mailbox", "\xfe"}}});
  const std::string text = to_json(report).dump();
  EXPECT_NE(text.find(R"(k\\u{ff})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("class":"auth")"), std::string::npos) << text;
}

TEST(RunReport, TimesAreInUtc) {
  RunReport report;
  report.started = std::chrono::sys_seconds(std::chrono::seconds(86400));
  EXPECT_EQ(to_json(report).at("started"), "1970-01-02T00:00:00Z");
}

}  // namespace
}  // namespace mailpipe::run
