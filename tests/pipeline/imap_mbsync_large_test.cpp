#include "pipeline/imap_mbsync_fixture.hpp"

namespace mailpipe::test {
namespace {

/// A mailbox of the size that people have. Slow; its figures go to the output.
class ImapMbsyncLarge : public ImapMbsync {};

TEST_F(ImapMbsyncLarge, TenThousandMessagesAreTakenOverWithUnderOnePercent) {
  fill(10'000);
  expect_taken_over();
  EXPECT_LT(taken_over_for_ * 100, octets_);
}

}  // namespace
}  // namespace mailpipe::test
