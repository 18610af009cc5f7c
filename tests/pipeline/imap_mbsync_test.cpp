// Maildirs that mbsync made are taken over.
#include "pipeline/imap_mbsync_fixture.hpp"

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

TEST_F(ImapMbsync, WithItsStateUnderOnePercentIsDownloaded) {
  fill(2000);
  expect_taken_over();
  EXPECT_LT(taken_over_for_ * 100, octets_);
}

TEST_F(ImapMbsync, WithoutItsStateHeadersAreDownloaded) {
  fill(400);
  for (const auto& [folder, files] : tree()) {
    for (const auto& entry : fs::directory_iterator(mail() / folder)) {
      if (entry.is_regular_file()) {
        fs::remove(entry.path());
      }
    }
  }
  expect_taken_over();
}

}  // namespace
}  // namespace mailpipe::test
