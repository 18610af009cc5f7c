#pragma once

#include <mailpipe/filter.hpp>
#include <mailpipe/testing/test_host.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

/// What a filter brings to the suite.
struct FilterCase {
  std::string name;
  std::function<std::unique_ptr<Filter>(Host&)> make;
  std::vector<Item> items;  ///< of every kind that the filter tells apart
};

inline void PrintTo(const FilterCase& value, std::ostream* out) {
  *out << value.name;
}

/// What the engine relies on from every filter that needs metadata only.
class FilterContract : public testing::TestWithParam<FilterCase> {
 protected:
  static bool same(const Verdict& a, const Verdict& b) {
    return a.kind == b.kind && a.reason == b.reason && a.hold_until == b.hold_until &&
           a.owner == b.owner && a.name == b.name && a.places == b.places;
  }

  TestHost host;
};

TEST_P(FilterContract, SaysTheSameWhenAskedAgain) {
  const auto filter = GetParam().make(host);
  for (const Item& item : GetParam().items) {
    EXPECT_TRUE(same(filter->judge(item, nullptr), filter->judge(item, nullptr))) << item.key;
  }
}

TEST_P(FilterContract, SaysTheSameAfterARestartWithWhatItStored) {
  std::vector<Verdict> before;
  const auto filter = GetParam().make(host);
  for (const Item& item : GetParam().items) {
    before.push_back(filter->judge(item, nullptr));
  }
  const auto again = GetParam().make(host);
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(same(before[i], again->judge(GetParam().items[i], nullptr)))
        << GetParam().items[i].key;
  }
}

TEST_P(FilterContract, DoesNotDependOnTheOrder) {
  const auto filter = GetParam().make(host);
  std::vector<Verdict> forward;
  for (const Item& item : GetParam().items) {
    forward.push_back(filter->judge(item, nullptr));
  }
  for (std::size_t i = forward.size(); i-- > 0;) {
    EXPECT_TRUE(same(forward[i], filter->judge(GetParam().items[i], nullptr)));
  }
}

TEST_P(FilterContract, GivesAReasonWithEveryDrop) {
  const auto filter = GetParam().make(host);
  for (const Item& item : GetParam().items) {
    const Verdict verdict = filter->judge(item, nullptr);
    EXPECT_EQ(verdict.kind == Verdict::Kind::Drop, !verdict.reason.empty()) << item.key;
    EXPECT_EQ(verdict.reason.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string::npos);
  }
}

TEST_P(FilterContract, NeedsMetadataOnly) {
  EXPECT_EQ(GetParam().make(host)->needs(), Needs::Metadata);
}

}  // namespace mailpipe::test
