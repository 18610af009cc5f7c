// Several sinks: one on a full disk, one that comes later.
#include "pipeline/across_fixture.hpp"
#include "support/sample_mail.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <iostream>

namespace mailpipe::test {
namespace {

/// A file system of that size.
///
/// Life cycle  Mounted over an empty folder, if that is allowed; gone at the end.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    if (::mount("mailpipe-test", folder_.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) {
      why_not_ = std::string("no small disk can be mounted here: ") + std::strerror(errno);
    }
  }

  ~SmallDisk() {
    if (why_not_.empty()) {
      ::umount2(folder_.c_str(), MNT_DETACH);
    }
  }

  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& why_not() const { return why_not_; }

  void grow() const {
    ASSERT_EQ(::mount("mailpipe-test", folder_.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
  }

 private:
  std::filesystem::path folder_;
  std::string why_not_;
};

class AcrossDisks : public AcrossRun, public ::testing::WithParamInterface<Source> {
 protected:
  static constexpr std::size_t kMessages = 60;

  void SetUp() override {
    use(GetParam());
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    account_->create("Work");
    for (std::size_t i = 0; i < kMessages; ++i) {
      const auto mail = mailpipe::testing::make_sample(1, i);
      account_->append(i % 3 == 0 ? "Work" : "INBOX", mail.message, {mail.flags, mail.received_at});
    }
  }

  void TearDown() override {
    disk_.reset();
    if (!IsSkipped()) {
      AcrossRun::TearDown();
    }
  }

  void use_small_disk() {
    disk_ = std::make_unique<SmallDisk>(dir_ / "small");
    if (!disk_->why_not().empty()) {
      std::cerr << "\n*** SKIPPED, NOT TESTED: " << disk_->why_not() << "\n\n";
      GTEST_SKIP() << disk_->why_not();
    }
  }

  void expect_equal(const std::string& type, const std::string& folder) {
    const Account account =
        account_of(*account_, source_ == Source::ImapDovecot ? "X-GUID" : "EMAILID");
    EXPECT_EQ(
        difference(contents_for(sink_kind(type), account), sink_kind(type).read(mail(folder))), "");
  }

  std::unique_ptr<SmallDisk> disk_;
};

constexpr const char* kSmallBatches = "run: { batch: { messages: 5 } }\n";

TEST_P(AcrossDisks, AFullOneOfBestEffortHoldsNothingBackAndCatchesUp) {
  use_small_disk();
  if (IsSkipped()) {
    return;
  }
  write(std::string("sinks:\n  - type: maildir\n    with: { path: ./mail }\n  - type: eml\n"
                    "    best_effort: true\n    with: { path: ./small/eml }\n") +
        kSmallBatches);
  const Finished first = run();
  EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_TRUE(contains(first.out, "No space left on device")) << first.out;
  expect_equal("maildir", "mail");
  EXPECT_EQ(downloads(), kMessages);
  EXPECT_LT(sink("eml", "stored"), kMessages);

  disk_->grow();
  run_well();
  EXPECT_EQ(downloads(), 0U);
  EXPECT_GT(sink("eml", "caught_up"), 0U);
  expect_equal("maildir", "mail");
  expect_equal("eml", "small/eml");
}

TEST_P(AcrossDisks, AFullOneThatIsRequiredStopsTheRunAndTheNextOneCompletes) {
  use_small_disk();
  if (IsSkipped()) {
    return;
  }
  write(std::string("sinks:\n  - type: maildir\n    with: { path: ./small/mail }\n  - type: eml\n"
                    "    with: { path: ./eml }\n") +
        kSmallBatches);
  for (int i = 0; i < 2; ++i) {
    const Finished full = run();
    EXPECT_EQ(full.exit_code, 6) << full.out << full.err;
  }
  disk_->grow();
  run_well();
  EXPECT_LE(downloads(), kMessages);
  expect_equal("maildir", "small/mail");
  expect_equal("eml", "eml");
  run_well();
  EXPECT_EQ(downloads(), 0U);
}

TEST_P(AcrossDisks, ASinkThatIsAddedIsFilledFromAnother) {
  const std::string eml = "sinks:\n  - type: eml\n    with: { path: ./eml }\n";
  write(eml);
  run_well();
  for (const SinkKind& kind : sink_kinds()) {
    if (kind.type == std::string("eml")) {
      continue;
    }
    write(eml + "  - type: " + kind.type + "\n    with: { path: ./" + kind.type + " }\n");
    run_well();
    EXPECT_EQ(downloads(), 0U);
    EXPECT_EQ(sink(kind.type, "caught_up"), kMessages);
    expect_equal(kind.type, kind.type);
  }
}

TEST_P(AcrossDisks, ASinkThatIsAddedIsLimitedByItsOwnFilters) {
  constexpr std::int64_t kSince = 1420848000;  // 2015-01-10
  const std::string eml = "sinks:\n  - type: eml\n    with: { path: ./eml }\n";
  write(eml);
  run_well();
  Account expected = account_of(*account_, "UID");
  for (auto& [mailbox, messages] : expected) {
    std::erase_if(messages, [](const Held& one) { return one.received_at < kSince; });
  }
  for (const SinkKind& kind : sink_kinds()) {
    if (kind.type == std::string("eml")) {
      continue;
    }
    write(eml + "  - type: " + kind.type +
          "\n    filters:\n      - { type: window, with: { since: 2015-01-10T00:00:00Z } }\n"
          "    with: { path: ./" +
          kind.type + " }\n");
    run_well();
    EXPECT_EQ(downloads(), 0U);
    const Contents found = kind.read(mail(kind.type));
    EXPECT_EQ(difference(contents_for(kind, expected), found), "");
    EXPECT_LT(in_one(found).at("").size(), kMessages);
  }
  expect_equal("eml", "eml");
}

INSTANTIATE_TEST_SUITE_P(Servers, AcrossDisks,
                         ::testing::Values(Source::JmapCyrus, Source::ImapDovecot),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
