// Three accounts of one file on a real server, one of them with a wrong password.
#include "pipeline/cli.hpp"
#include "pipeline/maildir_tree.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"
#include "support/temp_dir.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::make_sample;
using mailpipe::testing::SampleMail;

class ImapAccounts : public mailpipe::testing::DovecotTest {
 protected:
  void SetUp() override {
    DovecotTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    for (std::size_t i = 0; i < users_.size(); ++i) {
      users_[i] = server().fresh_user();
      ImapAccount account(server().imap_port(), users_[i]);
      std::vector<SampleMail> mails;
      for (std::size_t n = 0; n < 20 + 10 * i; ++n) {
        mails.push_back(make_sample(static_cast<std::uint32_t>(i), n));
      }
      account.append_all("INBOX", mails);
      account.create("Archive");
      account.append_all("Archive", mails);
    }
    write();
  }

  void write() const {
    std::ofstream out(dir_ / "accounts.yaml");
    out << "version: 1\nname: accounts\nmatrix:\n  account:\n"
        << "    - { name: work, user: " << users_[0] << ", password: { $env: WORK_PASSWORD } }\n"
        << "    - { name: home, user: " << users_[1]
        << ", password: { $command: [echo, wrong] } }\n"
        << "    - { name: old, user: " << users_[2] << ", password: { $env: OLD_PASSWORD } }\n"
        << "source:\n  type: imap\n  with:\n    host: 127.0.0.1\n    port: " << server().imap_port()
        << "\n    tls: none\n    user: \"${{ matrix.account.user }}\"\n"
           "    password: \"${{ matrix.account.password }}\"\n"
           "sinks:\n  - type: maildir\n    with: { path: \"./mail/${{ matrix.account.name }}\" }\n";
  }

  Finished run(std::vector<std::string> words = {}) {
    words.insert(words.begin(), "run");
    words.insert(words.end(),
                 {"--report", (dir_ / "report.json").string(), (dir_ / "accounts.yaml").string()});
    return mailpipe(std::move(words), {{"XDG_STATE_HOME", (dir_ / "state").string()},
                                       {"WORK_PASSWORD", DovecotServer::password()},
                                       {"OLD_PASSWORD", DovecotServer::password()}});
  }

  nlohmann::json report() const {
    return nlohmann::json::parse(std::ifstream(dir_ / "report.json"));
  }

  Contents stored(const std::string& account) const {
    return contents_of_tree(read_maildirs(dir_ / "mail" / account));
  }

  std::array<std::string, 3> users_;
  TempDir dir_{TempDir::fast_parent()};
};

TEST_F(ImapAccounts, AWrongPasswordOfOneLeavesTheOthersWhole) {
  const Finished result = run();
  EXPECT_EQ(result.exit_code, 4) << result.err;
  const nlohmann::json all = report();
  EXPECT_EQ(all.at("exit_code"), 4);
  EXPECT_EQ(all.at("reports").at(0).at("counts").at("stored"), 40);
  EXPECT_EQ(all.at("reports").at(0).at("exit_code"), 0);
  EXPECT_EQ(all.at("reports").at(1).at("counts").at("stored"), 0);
  EXPECT_EQ(all.at("reports").at(1).at("exit_code"), 4);
  EXPECT_EQ(all.at("reports").at(2).at("counts").at("stored"), 80);
  EXPECT_EQ(all.at("reports").at(2).at("exit_code"), 0);
  EXPECT_TRUE(contains(result.err, "error: accounts-home: ")) << result.err;
  EXPECT_TRUE(contains(result.out, "1 of 3 did not end well")) << result.out;
}

TEST_F(ImapAccounts, ThreeAtATimeStoreWhatOneAfterTheOtherDoes) {
  EXPECT_EQ(run().exit_code, 4);
  const Contents work = stored("work");
  const Contents old = stored("old");
  fs::remove_all(dir_ / "mail");
  fs::remove_all(dir_ / "state");
  EXPECT_EQ(run({"--jobs", "3"}).exit_code, 4);
  EXPECT_EQ(difference(work, stored("work")), "");
  EXPECT_EQ(difference(old, stored("old")), "");
  EXPECT_EQ(work.size(), 2U);
}

}  // namespace
}  // namespace mailpipe::test
