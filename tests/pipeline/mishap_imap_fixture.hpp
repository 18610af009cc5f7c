#pragma once

#include "pipeline/cli.hpp"
#include "support/model_imap_server.hpp"
#include "support/sanitized.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// The real program on a model of an IMAP account that misbehaves, and what must hold after every mishap: the password is
/// nowhere, nothing was asked for that changes the server or that servers do badly, and a quiet run ends with exactly the
/// server's mail.
class ImapMishap : public testing::Test {
 protected:
  static constexpr const char* kPassword = "mp-password-5f1c0ffee5ecret";

  void SetUp() override { start({}); }

  void TearDown() override {
    for (const char* never :
         {"SELECT *", "CLOSE*", "*STORE *", "*BODY[*", "FETCH *", "SEARCH *", "*ENVELOPE*",
          "*BODYSTRUCTURE*", "*RFC822 *", "UID SEARCH ALL*", "COMPRESS*", "LIST \"/\"*"}) {
      EXPECT_EQ(model_->count(never), 0U) << never;
    }
    EXPECT_FALSE(contains(printed_, kPassword)) << printed_;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_.path())) {
      if (entry.is_regular_file() && entry.path().extension() != ".token") {
        EXPECT_FALSE(contains(text_of(entry.path()), kPassword)) << entry.path();
      }
    }
  }

  /// Another server, with three messages in INBOX and two in Archive.
  void start(ModelOptions options) {
    options.password = kPassword;
    options.tokens = {kPassword};
    model_ = std::make_unique<ModelImapServer>(std::move(options));
    mailboxes_ = {"INBOX"};
    port_ = model_->port();
    model_->append("INBOX", 3);
    create("Archive");
    model_->append("Archive", 2);
  }

  void start_with(const std::string& capabilities) {
    ModelOptions options;
    options.capabilities = capabilities;
    start(std::move(options));
  }

  void create(const std::string& mailbox, const std::string& attributes = {}) {
    mailboxes_.insert(mailbox);
    model_->create(mailbox, attributes);
  }

  /// Everything that a pipeline of these tests may set; YAML.
  struct Options {
    std::string login = "password: { $env: MISHAP_PASSWORD }";
    std::string source = "tls: none";  ///< further options of the source
    std::string timeout = "20s";
    std::string budget = "1s";
    std::string run = "batch: { messages: 2 }";
    unsigned connections = 1;
  };

  std::string write(const Options& options) const {
    std::ofstream(dir_ / "demo.yaml")
        << "version: 1\nname: demo\nsource:\n  type: imap\n  with:\n    host: " << host_
        << "\n    port: " << port_ << "\n    user: anna\n    " << options.login << "\n    "
        << options.source << "\n    connections: " << options.connections
        << "\n    timeout: " << options.timeout
        << "\nsinks:\n  - type: maildir\n    with: { path: ./mail }\nrun:\n  retry: { budget: "
        << options.budget << ", max_backoff: 1s }\n  " << options.run << "\n";
    return (dir_ / "demo.yaml").string();
  }

  Finished run() { return run(Options{}); }

  Finished run(const Options& options) {
    std::filesystem::remove(dir_ / "report.json");
    Finished result =
        mailpipe({"run", "--log-level", "debug", "--report", (dir_ / "report.json").string(),
                  write(options)},
                 {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MISHAP_PASSWORD", kPassword}});
    printed_ += result.out + result.err;
    return result;
  }

  /// How it must end: the code, and what it says.
  static void expect_end(const Finished& result, int code,
                         const std::vector<std::string>& parts = {}) {
    EXPECT_EQ(result.exit_code, code) << result.err << result.out;
    for (const std::string& part : parts) {
      EXPECT_TRUE(contains(result.out + result.err, part)) << "no \"" << part << "\" in:\n"
                                                           << result.err << result.out;
    }
    if (code != 0 && code < 128 && code != 3) {
      EXPECT_TRUE(contains(result.err, "   = help: ")) << "no hint:\n" << result.err;
    }
    rusage own{};  // the program's begins with ours
    ::getrusage(RUSAGE_SELF, &own);
    const long most = std::max(64L * 1024, own.ru_maxrss + 8 * 1024);
    EXPECT_TRUE(kSanitized || result.peak_kib < most) << result.peak_kib << " KiB";
  }

  /// The mishap made no difference to this run.
  void expect_all_is_well() { expect_all_is_well(Options{}); }

  void expect_all_is_well(const Options& options) {
    expect_end(run(options), 0);
    expect_whole();
  }

  /// The mishap is over: the next run stores what is missing, each message once.
  void expect_whole_after_a_quiet_run() { expect_whole_after_a_quiet_run(Options{}); }

  void expect_whole_after_a_quiet_run(const Options& options) {
    model_->behave();
    expect_end(run(options), 0);
    expect_whole();
  }

  void expect_whole() const { expect_stored(expected()); }

  void expect_stored(const std::multiset<std::string>& bodies) const {
    EXPECT_EQ(stored(), bodies) << printed_;
  }

  std::multiset<std::string> expected() const {
    std::multiset<std::string> out;
    for (const std::string& mailbox : mailboxes_) {
      std::vector<std::uint32_t> uids;
      model_->change(mailbox, [&](ModelMailbox& there) {
        for (const ModelMessage& message : *there.messages) {
          uids.push_back(message.uid);
        }
      });
      for (const std::uint32_t uid : uids) {
        out.insert(model_->body(mailbox, uid));
      }
    }
    return out;
  }

  /// The octets of each file; a message that is there twice shows as two.
  std::multiset<std::string> stored() const {
    std::multiset<std::string> out;
    for (const auto& [folder, bodies] : folders()) {
      out.insert(bodies.begin(), bodies.end());
    }
    return out;
  }

  /// By the folder's path in the sink.
  std::map<std::string, std::multiset<std::string>> folders() const {
    std::map<std::string, std::multiset<std::string>> out;
    if (!std::filesystem::exists(mail_)) {
      return out;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(mail_)) {
      const std::filesystem::path folder = entry.path().parent_path();
      if (entry.is_directory() && entry.path().filename() == "cur") {
        out[folder.lexically_relative(mail_)];
      } else if (entry.is_regular_file() &&
                 (folder.filename() == "cur" || folder.filename() == "new")) {
        out[folder.parent_path().lexically_relative(mail_)].insert(text_of(entry.path()));
      }
    }
    return out;
  }

  std::uint64_t counted(const std::string& name) const {
    return nlohmann::json::parse(text_of(dir_ / "report.json")).at("counts").at(name);
  }

  static std::string text_of(const std::filesystem::path& path) {
    std::ostringstream out;
    out << std::ifstream(path, std::ios::binary).rdbuf();
    return out.str();
  }

  static constexpr const char* kBodies = "UID FETCH *BODY.PEEK*";

  std::unique_ptr<ModelImapServer> model_;
  std::set<std::string> mailboxes_;
  TempDir dir_{TempDir::fast_parent()};
  std::filesystem::path mail_ = dir_ / "mail";
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
  std::string printed_;
};

}  // namespace mailpipe::test
