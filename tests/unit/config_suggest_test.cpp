#include "config/suggest.hpp"

#include <gtest/gtest.h>

namespace mailpipe::config {
namespace {

TEST(Suggest, CountsASwapOfNeighboursAsOneEdit) {
  EXPECT_EQ(edit_distance("tokne", "token"), 1U);
}

TEST(Suggest, CountsEveryOtherEdit) {
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3U);
}

TEST(Suggest, TakesTheNearest) {
  EXPECT_EQ(suggest("snks", {"source", "sink", "sinks"}), "sinks");
}

TEST(Suggest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(did_you_mean("colour", {"path", "sidecar"}), "");
}

TEST(Suggest, LooksPastCapitals) {
  EXPECT_EQ(suggest("JMAP", {"eml", "jmap"}), "jmap");
}

TEST(Suggest, DoesNotGuessAtShortWords) {
  EXPECT_EQ(suggest("xy", {"id", "to"}), "");
}

}  // namespace
}  // namespace mailpipe::config
