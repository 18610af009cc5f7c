#include "support/sample_mail.hpp"

#include "support/cyrus_server.hpp"
#include "support/jmap_account.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace mailpipe::testing {
namespace {

TEST(SampleMail, IsTheSameEachTime) {
  EXPECT_EQ(make_sample(1, 42).message, make_sample(1, 42).message);
  EXPECT_NE(make_sample(1, 42).message, make_sample(2, 42).message);
}

TEST(SampleMail, HasAMedianOfAboutSixKilobytes) {
  std::vector<std::size_t> sizes;
  for (std::size_t index = 0; index < 1001; ++index) {
    sizes.push_back(make_sample(1, index).message.size());
  }
  std::nth_element(sizes.begin(), sizes.begin() + 500, sizes.end());
  EXPECT_GT(sizes[500], 5000U);
  EXPECT_LT(sizes[500], 8000U);
}

using Fill = CyrusTest;

TEST_F(Fill, StoresEveryMessageByteForByte) {
  const std::string user = server().fresh_user();
  fill(server().imap_port(), user, CyrusServer::password(), {.messages = 64});
  JmapAccount account(server(), user);
  std::set<std::string> expected;
  std::set<std::string> stored;
  std::set<std::string> keywords;
  std::size_t in_two = 0;
  for (std::size_t index = 0; index < 64; ++index) {
    expected.insert(make_sample(1, index).message);
  }
  for (const JmapEmail& email : account.emails()) {
    stored.insert(account.download(email.blob_id));
    keywords.insert(email.keywords.begin(), email.keywords.end());
    in_two += email.mailbox_ids.size() == 2 ? 1 : 0;
  }
  EXPECT_EQ(stored, expected);
  EXPECT_EQ(in_two, 2U);
  EXPECT_TRUE(keywords.contains("$flagged") && keywords.contains("$forwarded") &&
              keywords.contains("work"));
}

}  // namespace
}  // namespace mailpipe::testing
