#include "config/code_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace mailpipe::config {
namespace {

TEST(CodeTable, IsSortedAndHasEachCodeOnce) {
  const auto& table = code_table();
  const auto unsorted =
      std::adjacent_find(table.begin(), table.end(),
                         [](const CodeEntry& a, const CodeEntry& b) { return !(a.code < b.code); });
  EXPECT_EQ(unsorted, table.end());
}

TEST(CodeTable, ExplainsInOneParagraph) {
  EXPECT_EQ(explain("mp1205").value(),
            "MP1205: required and best_effort\n\nA sink is either required (the default) or "
            "best_effort.\n");
}

TEST(CodeTable, KnowsNothingOfOtherCodes) {
  EXPECT_FALSE(explain("MP9999").has_value());
}

}  // namespace
}  // namespace mailpipe::config
