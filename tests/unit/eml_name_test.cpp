#include "eml_name.hpp"

#include <mailpipe/testing/message.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mailpipe::eml {
namespace {

using Ids = std::vector<std::string>;

std::string name_of(const test::Message& message) {
  return choose_name(message.item, message.body()).numbered(1);
}

TEST(EmlName, UsesZerosWithoutATime) {
  test::Message message = test::message("M1", "x");
  message.item.received_at.reset();
  EXPECT_EQ(name_of(message), "00000000_000000_M1_x.eml");
}

TEST(EmlName, UsesZerosForAYearThatHasNotFourDigits) {
  EXPECT_EQ(name_of(test::message("M1", "x", 253'402'300'800)), "00000000_000000_M1_x.eml");
  EXPECT_EQ(name_of(test::message("M1", "x", -70'000'000'000)), "00000000_000000_M1_x.eml");
  EXPECT_EQ(name_of(test::message("M1", "x", 253'402'300'799)), "99991231_235959_M1_x.eml");
}

TEST(EmlName, TellsTheTimeBeforeTheEpoch) {
  EXPECT_EQ(name_of(test::message("M1", "x", -1)), "19691231_235959_M1_x.eml");
}

TEST(EmlName, KeepsTheUnderscoreBeforeAnEmptySubject) {
  EXPECT_EQ(name_of(test::message("M1", "")), "20231114_221320_M1_.eml");
}

TEST(EmlName, UsesAHashOfTheKeyWithoutAServerId) {
  test::Message message = test::message("M1", "x");
  message.item.server_id.clear();
  const std::string name = name_of(message);
  EXPECT_EQ(name.size(), std::string("20231114_221320_0123456789abcdef_x.eml").size());
  message.item.key += "1";
  EXPECT_NE(name_of(message), name);
}

TEST(EmlName, CutsASubjectButNeverTheIdOrTheNumber) {
  std::string subject;
  for (int i = 0; i < 50; ++i) {
    subject += "\xf0\x9f\x93\xa7";
  }
  const std::string id(150, 'i');
  const test::Message message = test::message(id, subject);
  const std::string name = choose_name(message.item, message.body()).numbered(12);
  EXPECT_LE(name.size(), 255U);
  EXPECT_GT(name.size(), 251U);
  EXPECT_TRUE(name.starts_with("20231114_221320_" + id + "_\xf0\x9f\x93\xa7"));
  EXPECT_TRUE(name.ends_with("\xf0\x9f\x93\xa7 (12).eml"));
}

TEST(EmlName, TakesAFiltersNameWithOneExtension) {
  test::Message message = test::message("M1", "x");
  message.item.name = "mine.eml";
  EXPECT_EQ(name_of(message), "mine.eml");
  message.item.name = "mine";
  EXPECT_EQ(name_of(message), "mine.eml");
  message.item.name = ".eml";
  EXPECT_EQ(name_of(message), "%2Eeml.eml");
}

TEST(EmlName, ParsesWhatItMade) {
  const ParsedName parsed = parse_name("20231114_221320_M1_a subject.eml");
  EXPECT_EQ(parsed.received_at, std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(parsed.server_ids, Ids{"M1"});
}

TEST(EmlName, OffersEveryPrefixThatCanBeAnIdLongestFirst) {
  EXPECT_EQ(parse_name("20231114_221320_a_b_c.eml").server_ids, (Ids{"a_b_c", "a_b", "a"}));
  EXPECT_EQ(parse_name("20231114_221320_M1.eml").server_ids, Ids{"M1"});
  EXPECT_EQ(parse_name("20231114_221320_M1_.eml").server_ids, (Ids{"M1_", "M1"}));
  EXPECT_EQ(parse_name("20231114_221320_.eml").server_ids, Ids{});
  EXPECT_EQ(parse_name("20231114_221320__x.eml").server_ids, Ids{"_x"});
}

TEST(EmlName, ReadsNothingFromAForeignName) {
  for (const std::string name : {"x.eml", "20231114_221320.eml", "2023111_2221320_M1.eml",
                                 "20231114_221320_M1.txt", "", "20231114-221320_M1.eml"}) {
    EXPECT_FALSE(parse_name(name).received_at) << name;
    EXPECT_TRUE(parse_name(name).server_ids.empty()) << name;
  }
}

TEST(EmlName, ReadsNoTimeThatIsNoneOfTheCalendar) {
  for (const std::string time : {"00000000_000000", "20230230_000000", "20230101_240000",
                                 "20230101_006000", "20230101_000060"}) {
    EXPECT_FALSE(parse_name(time + "_M1_x.eml").received_at) << time;
    EXPECT_EQ(parse_name(time + "_M1_x.eml").server_ids.back(), "M1") << time;
  }
}

}  // namespace
}  // namespace mailpipe::eml
