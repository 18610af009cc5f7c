// One account over IMAP and over JMAP.
#include "pipeline/imap_maildir_fixture.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class ImapJmap : public ImapMaildirRun {
 protected:
  void SetUp() override {
    use(Server::Cyrus);
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    account_->create("Lists/dev");
    account_->create(
        "Gr\xC3\xB6\xC3\x9F"
        "e & \xF0\x9F\x93\xA7");
    account_->create("empty");
    append_samples("INBOX", 0, 60);
    append_samples("Lists/dev", 60, 20);
    append_samples(
        "Gr\xC3\xB6\xC3\x9F"
        "e & \xF0\x9F\x93\xA7",
        80, 20);
    account_->copy("INBOX", "1:5", "Lists/dev");
  }

  /// The same account over JMAP into `sink`, in a pipeline of its own.
  void run_jmap(const std::string& sink) {
    const fs::path file = dir_ / (sink + ".yaml");
    std::ofstream(file) << "version: 1\nname: jmap-" << sink
                        << "\nsource:\n  type: jmap\n  with:\n    session_url: "
                        << CyrusServer::shared()->https_url()
                        << "/jmap\n    user: " << account_->user()
                        << "\n    password: { $env: MAIL_PASSWORD }\n    ca_file: "
                        << CyrusServer::shared()->ca_file() << "\nsinks:\n  - type: " << sink
                        << "\n    with: { path: ./jmap-" << sink << " }\n";
    const Finished result =
        mailpipe({"run", file.string()},
                 {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MAIL_PASSWORD", "secret"}});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }

  Contents over_jmap() const {
    Contents out = digests_in(contents_of_tree(read_maildirs(dir_ / "jmap-maildir")));
    if (auto inbox = out.extract("Inbox")) {  // JMAP's name for it
      inbox.key() = "INBOX";
      out.insert(std::move(inbox));
    }
    return out;
  }
};

TEST_F(ImapJmap, GivesTheSameMessagesInEachMailbox) {
  run_well();
  expect_mirrored();
  run_jmap("maildir");
  run_jmap("eml");
  const Contents over_imap = digests_in(contents_of_tree(tree()));
  EXPECT_EQ(difference(over_imap, over_jmap()), "");

  std::set<std::string> all;
  for (const auto& [folder, digests] : over_imap) {
    all.insert(digests.begin(), digests.end());
  }
  std::set<std::string> in_eml;
  for (const auto& entry : fs::directory_iterator(dir_ / "jmap-eml")) {
    if (entry.path().extension() == ".eml") {
      in_eml.insert(sha256_of_file(entry.path()));
    }
  }
  EXPECT_EQ(all.size(), 100U);
  EXPECT_EQ(in_eml, all);
}

}  // namespace
}  // namespace mailpipe::test
