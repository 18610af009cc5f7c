#include "uid_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace mailpipe::imap {
namespace {

UidSet set_of(std::string_view text) {
  return text.empty() ? UidSet() : UidSet::parse(text).value();
}

TEST(UidSet, ReadsASequenceSetInAnyOrder) {
  EXPECT_EQ(set_of("12:9,7,1:3,8").text(), "1:3,7:12");
  EXPECT_EQ(set_of("5").text(), "5");
  EXPECT_EQ(set_of("1,2,3,3,2").text(), "1:3");
}

TEST(UidSet, RefusesWhatIsNoSet) {
  for (const char* text : {"", ",", "1,", ",1", "0", "1:", ":1", "1:*", "*", "4294967296", "-1",
                           "1 2", "1:2:3", "a", "99999999999999999999"}) {
    EXPECT_FALSE(UidSet::parse(text)) << text;
  }
}

TEST(UidSet, RefusesMoreRangesThanAllowed) {
  EXPECT_TRUE(UidSet::parse("1,3,5", 3));
  EXPECT_FALSE(UidSet::parse("1,3,5,7", 3));
}

TEST(UidSet, HoldsTheLargestUid) {
  UidSet set = set_of("4294967295");
  set.add(4294967294U);
  set.add({1, 4294967290U});
  set.add(set_of("4294967291:4294967293"));
  EXPECT_EQ(set.text(), "1:4294967295");
  EXPECT_EQ(set.count(), 4294967295U);
  EXPECT_TRUE(set.contains(4294967295U));
  EXPECT_EQ(set.without(set_of("4294967295")).text(), "1:4294967294");
  EXPECT_TRUE(set.without(set).empty());
}

TEST(UidSet, KeepsManyRuns) {
  UidSet set;
  for (std::uint32_t uid = 1; uid < 200'000; uid += 2) {
    set.add(uid);
  }
  EXPECT_EQ(set.ranges().size(), 100'000U);
  EXPECT_EQ(set_of(set.text()), set);
}

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {}

  std::uint32_t number(std::uint32_t most) { return 1 + random_() % most; }

  /// A set and the same as std::set.
  std::pair<UidSet, std::set<std::uint32_t>> sets() {
    UidSet ours;
    std::set<std::uint32_t> model;
    for (unsigned i = number(12); i != 0; --i) {
      const std::uint32_t first = number(60);
      const std::uint32_t last = first + number(6) - 1;
      ours.add({first, last});
      for (std::uint32_t uid = first; uid <= last; ++uid) {
        model.insert(uid);
      }
    }
    return {ours, model};
  }

 private:
  std::mt19937 random_;
};

std::string text_of(const std::set<std::uint32_t>& model) {
  UidSet set;
  for (const std::uint32_t uid : model) {
    set.add(uid);
  }
  return set.text();
}

TEST(UidSet, DoesWhatASetOfNumbersDoes) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Model random(seed);
    const auto [a, model_a] = random.sets();
    const auto [b, model_b] = random.sets();
    std::set<std::uint32_t> both;
    std::set<std::uint32_t> only = model_a;
    std::set<std::uint32_t> all = model_a;
    for (const std::uint32_t uid : model_b) {
      if (only.erase(uid) == 1) {
        both.insert(uid);
      }
      all.insert(uid);
    }
    ASSERT_EQ(a.count(), model_a.size()) << seed;
    ASSERT_EQ(a.text(), text_of(model_a)) << seed;
    ASSERT_EQ(a.without(b).text(), text_of(only)) << seed << ": " << a.text() << " - " << b.text();
    ASSERT_EQ(a.common(b).text(), text_of(both)) << seed;
    UidSet sum = a;
    sum.add(b);
    ASSERT_EQ(sum.text(), text_of(all)) << seed;
    for (std::uint32_t uid = 1; uid < 70; ++uid) {
      ASSERT_EQ(a.contains(uid), model_a.contains(uid)) << seed << ": " << uid;
    }
  }
}

TEST(UidSet, StaysTheSameWhenAnEmptySetIsAddedOrTakenAway) {
  UidSet set = set_of("1:3,7");
  set.add(UidSet());
  set.remove(UidSet());
  EXPECT_EQ(set.text(), "1:3,7");
  EXPECT_EQ(UidSet().text(), "");
}

}  // namespace
}  // namespace mailpipe::imap
