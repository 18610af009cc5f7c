#pragma once

#include "pipeline/imap_maildir_fixture.hpp"
#include "pipeline/mbsync.hpp"
#include "support/server_folder.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace mailpipe::test {

/// An account on Dovecot that mbsync has copied, to be taken over by the real program.
class ImapMbsync : public ImapMaildirRun {
 protected:
  void SetUp() override {
    mailpipe::testing::need_server(find_program("mbsync").empty() ? "mbsync is not installed" : "");
    if (!IsSkipped() && !HasFatalFailure()) {
      use(Server::Dovecot);
    }
  }

  /// Half of them in the INBOX, the others in two folders; then mbsync copies all.
  void fill(std::size_t messages) {
    account_->create("Lists/dev");
    account_->create("M\xC3\xBCll");
    append_samples("INBOX", 0, messages / 2);
    append_samples("Lists/dev", messages / 2, messages / 4);
    append_samples("M\xC3\xBCll", messages * 3 / 4, messages / 4);
    const Finished made = Mbsync{port(), other_user()}.run(dir_.path(), mail());
    ASSERT_EQ(made.exit_code, 0) << made.err;
    std::filesystem::permissions(mail(), std::filesystem::perms::owner_all);
    for (const auto& [folder, files] : tree()) {
      for (const MailFile& file : files) {
        octets_ += file.size;
        ++files_;
      }
    }
    ASSERT_EQ(files_, messages);
  }

  void expect_taken_over() {
    const Contents before = digests_in(contents_of_tree(tree()));
    const Finished refused = run();
    EXPECT_EQ(refused.exit_code, 1) << refused.out << refused.err;
    const Finished rebuilt = rebuild();
    expect_well(rebuilt);
    EXPECT_EQ(sink("adopted"), files_) << rebuilt.out << rebuilt.err;
    EXPECT_EQ(count("stored"), 0U);
    taken_over_for_ = counter("source.body_octets");
    std::cout << files_ << " files, " << octets_ << " octets; fetched "
              << counter("source.body_octets") << ", of which headers "
              << counter("engine.header_bytes") << ", sample " << counter("engine.sampled_bytes")
              << "\n";
    EXPECT_EQ(difference(before, digests_in(contents_of_tree(tree()))), "");
    run_well();
    EXPECT_EQ(bodies(), 0U);
    EXPECT_EQ(count("stored"), 0U);
    append("INBOX", "new after all");
    run_well();
    EXPECT_EQ(count("stored"), 1U);
    EXPECT_EQ(bodies(), 1U);
  }

  std::uint64_t octets_ = 0, files_ = 0;
  std::uint64_t taken_over_for_ = 0;  ///< octets that were downloaded
};

}  // namespace mailpipe::test
