#include "run/backoff.hpp"

#include <gtest/gtest.h>

namespace mailpipe::run {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Error asking_for(seconds wait) {
  Error error(ErrorClass::RateLimit, "slow down");
  error.retry_after(wait);
  return error;
}

TEST(Backoff, WaitsAsLongAsTheServerAsks) {
  Backoff backoff(seconds(1), seconds(60));
  EXPECT_EQ(backoff.next(asking_for(seconds(30))), milliseconds(30'000));
}

TEST(Backoff, DoesNotWaitForMoreThanIsLeftOfTheBudget) {
  Backoff backoff(seconds(1), seconds(60));
  const auto now = Backoff::Clock::now();
  EXPECT_EQ(backoff.next(asking_for(seconds(61)), now), std::nullopt);
  EXPECT_EQ(backoff.next(asking_for(seconds(20)), now + seconds(50)), std::nullopt);
}

TEST(Backoff, TheDefaultBudgetAllowsTheLongestWaitOnce) {
  Backoff backoff(seconds(60), std::chrono::minutes(15));
  const auto now = Backoff::Clock::now();
  EXPECT_EQ(backoff.next(asking_for(std::chrono::hours(99)), now), Backoff::kLongestAsked);
  EXPECT_EQ(backoff.next(asking_for(std::chrono::hours(99)), now + std::chrono::minutes(15)),
            std::nullopt);
}

TEST(Backoff, ProgressStartsTheBudgetAnew) {
  Backoff backoff(seconds(1), seconds(1));
  const auto now = Backoff::Clock::now();
  const Error error(ErrorClass::Transient, "gone");
  EXPECT_NE(backoff.next(error, now), std::nullopt);
  EXPECT_EQ(backoff.next(error, now + seconds(1)), std::nullopt);
  backoff.progressed();
  EXPECT_NE(backoff.next(error, now + seconds(1)), std::nullopt);
}

}  // namespace
}  // namespace mailpipe::run
