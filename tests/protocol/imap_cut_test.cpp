#include "imap_source_fixture.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mailpipe::imap {
namespace {

/// The connection is cut at every offset of a small exchange.
class ImapCut : public ::testing::Test {
 protected:
  ImapCut() { model_.append("INBOX", 2); }

  std::uint64_t octets_of(const std::function<void()>& exchange) {
    model_.wait_until_idle();
    model_.reset_stats();
    exchange();
    model_.wait_until_idle();
    return model_.stats().octets_out;
  }

  static Strings keys(const Told& told) {
    Strings out;
    for (const Event& event : told.events) {
      if (event.kind == EventKind::Listed) {
        out.push_back(event.item.key);
      }
    }
    return out;
  }

  /// False: it ended in an error, which must be one that passes.
  static bool holds(const std::function<void()>& exchange) {
    try {
      exchange();
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.error_class(), ErrorClass::Transient) << error.what();
      EXPECT_NE(std::string(error.what()).find("127.0.0.1"), std::string::npos);
      return false;
    }
  }

  test::ModelImapServer model_;
};

TEST_F(ImapCut, WhileListingTheNextListingCompletes) {
  std::optional<Told> whole;
  const std::uint64_t octets = octets_of([&] { whole = TestSource(model_.port()).list(); });
  ASSERT_GT(octets, 300U);
  const Strings all = keys(*whole);
  ASSERT_EQ(all.size(), 2U);
  std::uint64_t broken = 0;
  for (std::uint64_t offset = 0; offset < octets; ++offset) {
    TestSource source(model_.port());
    model_.cut_next_connection(offset);
    Told first = TestSource::after({});
    broken += holds([&] { source.source->list(first.earlier, first); }) ? 0 : 1;
    const Told second = source.list(first);
    const Strings before = keys(first);
    const Strings after = keys(second);
    std::set<std::string> found(before.begin(), before.end());
    found.insert(after.begin(), after.end());
    EXPECT_EQ(Strings(found.begin(), found.end()), all) << "cut at " << offset;
    EXPECT_EQ(second.count(EventKind::Removed), 0U) << "cut at " << offset;
  }
  EXPECT_GT(broken, octets - 60) << "only what comes after the last answer is not missed";
}

TEST_F(ImapCut, WhileFetchingEachBodyComesOnceAndWhole) {
  TestSource source(model_.port());
  const Told told = source.list();
  const std::uint64_t octets = octets_of([&] {
    test::FakeQueue queue;
    source.fetch(told, queue);
  });
  ASSERT_GT(octets, 300U);
  for (std::uint64_t offset = 0; offset < octets; ++offset) {
    model_.cut_next_connection(offset);
    std::map<std::string, std::string> delivered;
    for (int run = 0; run < 2 && delivered.size() < 2; ++run) {
      test::FakeQueue queue;
      holds([&] { source.fetch(told, queue); });
      EXPECT_TRUE(queue.failed.empty() && queue.gone_ids.empty()) << "cut at " << offset;
      EXPECT_EQ(queue.ended_twice, 0U) << "cut at " << offset;
      delivered.merge(queue.delivered);
    }
    ASSERT_EQ(delivered.size(), 2U) << "cut at " << offset;
    for (const auto& [key, body] : delivered) {
      const auto uid = static_cast<std::uint32_t>(std::stoul(key.substr(key.rfind(':') + 1)));
      EXPECT_EQ(body, model_.body("INBOX", uid)) << "cut at " << offset;
    }
  }
}

}  // namespace
}  // namespace mailpipe::imap
