#include "dedup_filter.hpp"

#include <mailpipe/testing/message.hpp>
#include <mailpipe/testing/test_host.hpp>

#include <gtest/gtest.h>

namespace mailpipe {
namespace {

using test::Message;

constexpr char kContent[] = R"({"by":"content","on_duplicate":"drop"})";
constexpr char kMessageId[] = R"({"by":"message-id","on_duplicate":"drop"})";

Message of(const std::string& key, std::string octets) {
  Message one;
  one.item.key = key;
  one.octets = std::move(octets);
  return one;
}

Message with_id(const std::string& key, const std::string& id, const std::string& text = "text") {
  return of(key, "Subject: x\r\n" + id + "\r\n\r\n" + text + "\r\n");
}

struct DedupFilterTest : testing::Test {
  Verdict judge(const Message& one) {
    const Body body = one.body();
    return dedup::DedupFilter(Options(options), host).judge(one.item, &body);
  }

  /// The owner, or empty when the message is kept.
  std::string owner(const Message& one) {
    const Verdict verdict = judge(one);
    EXPECT_EQ(verdict.kind == Verdict::Kind::Duplicate, !verdict.owner.empty());
    EXPECT_TRUE(verdict.kind == Verdict::Kind::Duplicate || verdict.kind == Verdict::Kind::Keep);
    return verdict.owner;
  }

  /// Judges a message that is then stored.
  void store(const Message& one) {
    EXPECT_EQ(owner(one), "");
    host.stored[one.item.key] = one.item.key;
  }

  std::string options = kContent;
  test::TestHost host;
};

TEST_F(DedupFilterTest, KeepsTheFirstAndNamesItAsOwnerOfTheSecond) {
  store(of("a", "octets"));
  EXPECT_EQ(owner(of("b", "octets")), "a");
  EXPECT_EQ(owner(of("c", "octets")), "a");
}

TEST_F(DedupFilterTest, KeepsWhatDiffersInOneOctet) {
  store(of("a", "octets"));
  EXPECT_EQ(owner(of("b", "octetS")), "");
}

TEST_F(DedupFilterTest, AsksForALinkOnlyWhenToldTo) {
  store(of("a", "octets"));
  EXPECT_FALSE(judge(of("b", "octets")).link);
  options = R"({"by":"content","on_duplicate":"link"})";
  EXPECT_TRUE(judge(of("b", "octets")).link);
}

TEST_F(DedupFilterTest, KeepsDifferentMessagesOfOneMessageId) {
  store(with_id("a", "Message-ID: <1@x>", "one"));
  EXPECT_EQ(owner(with_id("b", "Message-ID: <1@x>", "two")), "");
}

TEST_F(DedupFilterTest, TakesTheMessageIdForTheMessageWhenToldTo) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <1@x>", "one"));
  EXPECT_EQ(owner(with_id("b", "Message-ID: <1@x>", "two")), "a");
  EXPECT_EQ(owner(with_id("c", "Message-ID: <2@x>", "one")), "");
}

TEST_F(DedupFilterTest, ReadsAMessageIdHoweverItIsWritten) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <1@x>"));
  EXPECT_EQ(owner(with_id("b", "message-id:<1@x>  ")), "a");
  EXPECT_EQ(owner(with_id("c", "MESSAGE-ID:\r\n\t<1@x>")), "a");
  EXPECT_EQ(owner(of("d", "Message-Id : <1@x>\n\nbare line ends")), "a");
}

TEST_F(DedupFilterTest, TellsMessageIdsApartByLetterCase) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <a@x>"));
  EXPECT_EQ(owner(with_id("b", "Message-ID: <A@x>")), "");
}

TEST_F(DedupFilterTest, AlwaysKeepsAMessageWithoutAMessageId) {
  options = kMessageId;
  for (const char* id : {"Message-ID:", "Message-ID:  \r\n ", "X-Message-ID: <1@x>"}) {
    store(with_id("a", id));
    EXPECT_EQ(owner(with_id("b", id)), "") << id;
  }
  EXPECT_TRUE(host.values.empty());
}

TEST_F(DedupFilterTest, DoesNotTakeAMessageIdFromTheBody) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <1@x>"));
  EXPECT_EQ(owner(of("b", "Subject: x\r\n\r\nMessage-ID: <1@x>\r\n")), "");
}

TEST_F(DedupFilterTest, KeepsAReplayOfTheOwner) {
  store(of("a", "octets"));
  EXPECT_EQ(owner(of("a", "octets")), "");
}

TEST_F(DedupFilterTest, KeepsAReplayOfAnOwnerThatWasNeverStored) {
  EXPECT_EQ(owner(of("a", "octets")), "");
  EXPECT_EQ(owner(of("a", "octets")), "");
}

TEST_F(DedupFilterTest, TheNextOneTakesThePlaceOfAnOwnerThatCameToNothing) {
  EXPECT_EQ(owner(of("a", "octets")), "");
  store(of("b", "octets"));
  EXPECT_EQ(owner(of("a", "octets")), "b");
}

TEST_F(DedupFilterTest, TheNextOneTakesThePlaceOfAnOwnerThatWasRemoved) {
  store(of("a", "octets"));
  EXPECT_EQ(owner(of("b", "octets")), "a");
  host.stored.clear();
  store(of("b", "octets"));
  EXPECT_EQ(owner(of("a", "octets")), "b");
}

TEST_F(DedupFilterTest, FollowsAnOwnerToItsKeyOfToday) {
  store(of("a", "octets"));
  host.stored = {{"a", "a2"}, {"a2", "a2"}};
  EXPECT_EQ(owner(of("b", "octets")), "a2");
  host.stored.erase("a");
  EXPECT_EQ(owner(of("b", "octets")), "a2");
}

TEST_F(DedupFilterTest, AnOwnerUnderItsKeyOfTodayIsNoDuplicateOfItself) {
  store(of("a", "octets"));
  host.stored = {{"a", "a2"}, {"a2", "a2"}};
  EXPECT_EQ(owner(of("a2", "octets")), "");
  EXPECT_EQ(owner(of("b", "octets")), "a2");
}

TEST_F(DedupFilterTest, TheTwoKindsOfFingerprintsDoNotMix) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <1@x>"));
  options = kContent;
  EXPECT_EQ(owner(of("b", "<1@x>")), "");
}

TEST_F(DedupFilterTest, WritesNothingForADuplicate) {
  store(of("a", "octets"));
  const auto before = host.values;
  EXPECT_EQ(owner(of("b", "octets")), "a");
  EXPECT_EQ(host.values, before);
}

TEST_F(DedupFilterTest, KeepsAFingerprintOfThirtyThreeOctetsWhateverTheMessageId) {
  options = kMessageId;
  store(with_id("a", "Message-ID: <" + std::string(5000, 'x') + "@x>"));
  ASSERT_EQ(host.values.size(), 1U);
  EXPECT_EQ(host.values.begin()->first.size(), 33U);
  EXPECT_EQ(host.values.begin()->second, "a");
}

TEST_F(DedupFilterTest, AsksForNoMoreThanItNeeds) {
  EXPECT_EQ(dedup::DedupFilter(Options(kContent), host).needs(), Needs::Body);
  EXPECT_EQ(dedup::DedupFilter(Options(kMessageId), host).needs(), Needs::Headers);
}

TEST_F(DedupFilterTest, RefusesToJudgeWhatItWasNotGiven) {
  dedup::DedupFilter filter(Options(kContent), host);
  EXPECT_THROW(filter.judge(of("a", "").item, nullptr), Error);
}

}  // namespace
}  // namespace mailpipe
