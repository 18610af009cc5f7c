#include "rate_limiter.hpp"
#include "wanted.hpp"

#include <mailpipe/error.hpp>

#include <gtest/gtest.h>

namespace mailpipe::imap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Wanted wanted(StreamId stream, std::uint32_t uid, std::uint64_t size, Want want = Want::Body) {
  Work work;
  work.stream = stream;
  work.ref = "7:" + std::to_string(uid);
  work.size = size;
  work.want = want;
  return wanted_of(std::move(work)).value();
}

std::string set_of(const std::vector<Wanted>& batch) {
  return uids_of(batch).text();
}

TEST(ImapBatch, IsCutByOctets) {
  std::deque<Wanted> waiting;
  for (std::uint32_t uid = 1; uid <= 6; ++uid) {
    waiting.push_back(wanted(1, uid, uid == 5 ? 5000 : 400));
  }
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "1:2");
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "3:4");
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "5");  // larger than a batch may be
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "6");
  EXPECT_TRUE(next_batch(waiting, 1000).empty());
}

TEST(ImapBatch, IsOfOneMailboxOneEpochAndOnePart) {
  Wanted other_epoch = wanted(2, 3, 1);
  other_epoch.uid_validity = 8;
  std::deque<Wanted> waiting = {wanted(1, 1, 1), wanted(2, 2, 1), other_epoch,
                                wanted(2, 4, 1, Want::Headers), wanted(2, 4, 1)};
  for (const char* set : {"1", "2", "3", "4", "4"}) {
    EXPECT_EQ(set_of(next_batch(waiting, 1000)), set);
  }
}

TEST(ImapBatch, AsksForNoUidTwice) {
  std::deque<Wanted> waiting = {wanted(1, 1, 1), wanted(1, 1, 1)};
  EXPECT_EQ(next_batch(waiting, 1000).size(), 1U);
  EXPECT_EQ(waiting.size(), 1U);
}

TEST(ImapBatch, LeavesAloneWhatIsToGoAlone) {
  std::deque<Wanted> waiting = {wanted(1, 1, 1), wanted(1, 2, 1), wanted(1, 3, 1)};
  waiting[1].with_others = 1;
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "1");
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "2");
  EXPECT_EQ(set_of(next_batch(waiting, 1000)), "3");
}

TEST(ImapBatch, TakesNothingForAReferenceThatIsNone) {
  for (const char* ref : {"", ":", "7", "7:", ":5", "7:0", "7:x", "x:5", "7:5 ", "4294967296:1",
                          "7:4294967296", "-7:5"}) {
    Work work;
    work.ref = ref;
    EXPECT_FALSE(wanted_of(std::move(work))) << ref;
  }
}

class ImapRate : public ::testing::Test {
 protected:
  const RateLimiter::Time now_ = RateLimiter::Time() + std::chrono::hours(1000);
};

TEST_F(ImapRate, WaitsForNothingWithoutCaps) {
  RateLimiter rate({});
  EXPECT_EQ(rate.book(1ULL << 40U, 1'000'000, now_), milliseconds(0));
}

TEST_F(ImapRate, SpreadsOctetsOverTime) {
  RateLimiter rate({.bytes_per_second = 1000});
  EXPECT_EQ(rate.book(2000, 1, now_), seconds(2));
  EXPECT_EQ(rate.book(1000, 1, now_ + seconds(1)), seconds(2));
  EXPECT_EQ(rate.book(1000, 1, now_ + seconds(60)), seconds(1));
}

TEST_F(ImapRate, WaitsForTheCapThatIsReachedFirst) {
  RateLimiter rate({.bytes_per_second = 1000, .messages_per_second = 4});
  EXPECT_EQ(rate.book(1, 8, now_), seconds(2));
}

TEST_F(ImapRate, EndsADayThatIsUsedUpAndBeginsTheNext) {
  RateLimiter rate({.bytes_per_day = 1000});
  EXPECT_EQ(rate.book(900, 1, now_), milliseconds(0));
  try {
    rate.book(200, 1, now_ + std::chrono::hours(1));
    ADD_FAILURE() << "more than a day's octets";
  } catch (const Error& error) {
    EXPECT_EQ(error.error_class(), ErrorClass::RateLimit);
    EXPECT_EQ(error.retry_after(), std::chrono::hours(23));
  }
  EXPECT_EQ(rate.book(200, 1, now_ + std::chrono::hours(25)), milliseconds(0));
}

}  // namespace
}  // namespace mailpipe::imap
