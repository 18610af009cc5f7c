#include "pipeline/mishap_imap_fixture.hpp"

namespace mailpipe::test {
namespace {

/// A mailbox is deleted or renamed after the server has listed it.
class ImapLeft : public ImapMishap {
 protected:
  void refuse_archive(std::size_t times = SIZE_MAX) {
    model_->on({.command = "EXAMINE \"Archive\"*",
                .times = times,
                .instead = "$tag NO Mailbox doesn't exist\r\n"});
  }

  void answer_list(const std::string& answer, std::size_t times = SIZE_MAX) {
    model_->on({.command = "LIST \"\" \"Archive\"*", .times = times, .instead = answer + "\r\n"});
  }
};

TEST_F(ImapLeft, MakesTheRunListEverythingAgain) {
  refuse_archive(1);
  answer_list("$tag OK none", 1);
  expect_all_is_well({.budget = "1m"});
}

TEST_F(ImapLeft, KeepsWhatIsStoredAndIsForALaterRunWhereItGoesOn) {
  expect_all_is_well();
  model_->append("Archive");
  refuse_archive();
  answer_list("$tag OK none");
  expect_end(run(), 75, {"deleted or renamed while it was being listed"});
  EXPECT_EQ(counted("gone"), 0U);
  EXPECT_EQ(stored().size(), 5U);
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapLeft, IsAFailureWhereLISTStillKnowsIt) {
  refuse_archive();
  expect_end(run(), 1, {"mailbox Archive"});
  expect_whole_after_a_quiet_run();
}

TEST_F(ImapLeft, IsAFailureWhereLISTIsRefused) {
  refuse_archive();
  answer_list("$tag NO not now");
  expect_end(run(), 1, {"mailbox Archive"});
  expect_whole_after_a_quiet_run();
}

}  // namespace
}  // namespace mailpipe::test
