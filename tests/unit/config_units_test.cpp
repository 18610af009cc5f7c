#include "config/units.hpp"

#include <gtest/gtest.h>

namespace mailpipe::config {
namespace {

TEST(Units, ReadDurationsAsSeconds) {
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  EXPECT_EQ(parse_duration("7d"), 604800);
  EXPECT_EQ(parse_duration("2w"), 1209600);
  EXPECT_EQ(parse_duration("0"), 0);
}

TEST(Units, RefuseDurationsThatAreNone) {
  for (const char* text : {"", "400", "h", "1.5h", "-1h", "1h 30m", "30m1h", "1h1h", "1ms",
                           "99999999999999999999s", "9223372036854775807w", "7d "}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Units, ReadSizesAsOctets) {
  EXPECT_EQ(parse_size("64MiB"), 67108864);
  EXPECT_EQ(parse_size("10M"), 10000000);
  EXPECT_EQ(parse_size("10MB"), 10000000);
  EXPECT_EQ(parse_size("1 KiB"), 1024);
  EXPECT_EQ(parse_size("500"), 500);
  EXPECT_EQ(parse_size("500B"), 500);
}

TEST(Units, RefuseSizesThatAreNone) {
  for (const char* text :
       {"", "M", "10X", "-1M", "1.5M", "10MiBs", "10Bi", "9999999T", "99999999999999999999"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Units, ReadInstantsAsEpochSeconds) {
  EXPECT_EQ(parse_datetime("1970-01-02"), 86400);
  EXPECT_EQ(parse_datetime("2024-02-29T12:00:00Z"), 1709208000);
  EXPECT_EQ(parse_datetime("2024-02-29T12:00:00.25+01:00"), 1709204400);
  EXPECT_EQ(parse_datetime("1969-12-31T23:59:59Z"), -1);
}

TEST(Units, RefuseInstantsThatAreNone) {
  for (const char* text : {"", "2024", "2024-13-01", "2023-02-29", "2024-01-01T",
                           "2024-01-01T25:00:00Z", "2024-01-01T12:00:00", "2024-01-01T12:00Z",
                           "2024-01-01T12:00:00+1", "24-01-01", "tomorrow"}) {
    EXPECT_EQ(parse_datetime(text), std::nullopt) << text;
  }
}

TEST(Units, ReadFractions) {
  EXPECT_EQ(parse_fraction("10%"), 0.1);
  EXPECT_EQ(parse_fraction("0.25"), 0.25);
  EXPECT_EQ(parse_fraction("1"), 1.0);
}

TEST(Units, RefuseFractionsThatAreNone) {
  for (const char* text : {"", "%", "101%", "-1%", "10", "1e-1", "ten"}) {
    EXPECT_EQ(parse_fraction(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mailpipe::config
