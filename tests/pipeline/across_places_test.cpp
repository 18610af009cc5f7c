// One message in several mailboxes: what is downloaded, and what lies in the sinks.
#include "pipeline/across_fixture.hpp"
#include "support/sample_mail.hpp"

#include <sys/stat.h>

#include <set>

namespace mailpipe::test {
namespace {

class AcrossPlaces : public AcrossRun, public ::testing::WithParamInterface<Source> {
 protected:
  static constexpr std::size_t kPlaces = 5;

  void SetUp() override {
    use(GetParam());
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    account_->append("INBOX", mailpipe::testing::make_sample(1, 4).message);
    for (const char* name : {"A", "B", "C", "D"}) {
      account_->create(name);
      account_->copy("INBOX", "1", name);
    }
  }

  static std::set<ino_t> inodes(const MailTree& tree) {
    std::set<ino_t> out;
    for (const auto& [folder, files] : tree) {
      for (const MailFile& one : files) {
        struct stat status {};

        ::stat(one.path.c_str(), &status);
        out.insert(status.st_ino);
      }
    }
    return out;
  }

  static std::size_t messages_in(const MailTree& tree) {
    std::size_t out = 0;
    for (const auto& [folder, files] : tree) {
      EXPECT_LE(files.size(), 1U) << folder;
      out += files.size();
    }
    return out;
  }

  std::size_t eml_files() const { return sink_kind("eml").read(mail("eml"))[""].size(); }
};

class AcrossKnownPlaces : public AcrossPlaces {};

TEST_P(AcrossKnownPlaces, AreOneDownloadOneFileAndOneInode) {
  write(
      "sinks:\n  - type: eml\n    with: { path: ./eml }\n"
      "  - type: maildir\n    with: { path: ./maildir }\n");
  run_well();
  EXPECT_EQ(downloads(), 1U);
  EXPECT_EQ(eml_files(), 1U);
  const MailTree tree = read_maildirs(mail("maildir"));
  EXPECT_EQ(messages_in(tree), kPlaces);
  EXPECT_EQ(inodes(tree).size(), 1U);
}

TEST_P(AcrossKnownPlaces, AreLinkedWhenTheyComeLater) {
  write("sinks:\n  - type: maildir\n    with: { path: ./maildir }\n");
  run_well();
  account_->create("E");
  account_->copy("INBOX", "1", "E");
  run_well();
  EXPECT_EQ(downloads(), 0U);
  const MailTree tree = read_maildirs(mail("maildir"));
  EXPECT_EQ(messages_in(tree), kPlaces + 1);
  EXPECT_EQ(inodes(tree).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Servers, AcrossKnownPlaces,
                         ::testing::Values(Source::JmapCyrus, Source::ImapCyrus,
                                           Source::ImapDovecot),
                         ::testing::PrintToStringParamName());

class AcrossUnknownPlaces : public AcrossPlaces {};

TEST_P(AcrossUnknownPlaces, AreOneInodeByDedupThatLinks) {
  write(
      "filters:\n  - type: dedup\n    with: { on_duplicate: link }\n"
      "sinks:\n  - type: maildir\n    with: { path: ./maildir }\n");
  run_well();
  EXPECT_EQ(downloads(), kPlaces);
  const MailTree tree = read_maildirs(mail("maildir"));
  EXPECT_EQ(messages_in(tree), kPlaces);
  EXPECT_EQ(inodes(tree).size(), 1U);
}

TEST_P(AcrossUnknownPlaces, AreOneFileByDedupThatDrops) {
  write(
      "filters:\n  - type: dedup\n"
      "sinks:\n  - type: maildir\n    with: { path: ./maildir }\n");
  run_well();
  EXPECT_EQ(count("stored"), 1U);
  EXPECT_EQ(count("deduped"), kPlaces - 1);
  EXPECT_EQ(messages_in(read_maildirs(mail("maildir"))), 1U);
}

INSTANTIATE_TEST_SUITE_P(Servers, AcrossUnknownPlaces, ::testing::Values(Source::DovecotNameless),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
