#include "contract/maildir_fixture.hpp"
#include "layout.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"
#include "support/process.hpp"

#include <fmt/format.h>

#include <set>

// Real programs beside us: mbsync, whose Maildirs are taken over, and Dovecot, which reads ours.
namespace mailpipe::test {
namespace {

using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::ImapMessage;

std::string hex(const Digest& digest) {
  std::string out;
  for (const std::uint8_t octet : digest) {
    out += fmt::format("{:02x}", octet);
  }
  return out;
}

struct MaildirPrograms : MaildirTest {
  void SetUp() override { mailpipe::testing::need_server(DovecotServer::missing()); }

  static std::vector<std::string> split(const std::string& name) {
    std::vector<std::string> out{""};
    for (const char c : name) {
      c == '/' ? (void)out.emplace_back() : out.back().push_back(c);
    }
    return out;
  }

  /// The issue's `.mbsyncrc`, on this server.
  Finished run_mbsync(const DovecotServer& server, const std::string& user) const {
    std::ofstream(dir / "mbsyncrc") << fmt::format(
        "IMAPAccount a\nHost 127.0.0.1\nPort {}\nUser {}\nPass secret\nSSLType None\n\n"
        "IMAPStore far\nAccount a\n\n"
        "MaildirStore near\nPath {}/\nInbox {}/INBOX\nSubFolders Verbatim\n\n"
        "Channel c\nFar :far:\nNear :near:\nPatterns *\nSync Pull\nCreate Near\nSyncState *\n",
        server.imap_port(), user, root.string(), root.string());
    return Process({"/usr/bin/mbsync", "-q", "-c", (dir / "mbsyncrc").string(), "-a"}).wait();
  }
};

const std::vector<std::string> kNames = {"Lists/dev/deep", "Entwürfe",  "日本語/📧", "C++ & more",
                                         "\"quoted\"",     "trailing ", "a.b",      "100%20off",
                                         "empty"};

TEST_F(MaildirPrograms, AnMbsyncMaildirIsToldAsTheServerHasIt) {
  if (!fs::exists("/usr/bin/mbsync")) {
    GTEST_SKIP() << "mbsync is not installed";
  }
  DovecotServer& server = *DovecotServer::shared();
  const std::string user = server.fresh_user();
  ImapAccount account(server.imap_port(), user);
  int number = 0;
  for (const std::string& name : kNames) {
    account.create(name);
    for (int i = 0; i < 3 && name != "empty"; ++i) {
      account.append(name, message(std::to_string(++number), "sübject").octets,
                     {.flags = {i == 0 ? "\\Seen" : "\\Flagged"}});
    }
  }
  account.append("INBOX", message("inbox", "x").octets);
  const Finished run = run_mbsync(server, user);
  ASSERT_EQ(run.exit_code, 0) << run.err;

  std::map<std::vector<std::string>, std::map<std::string, Found>> told;
  for (const Found& each : found()) {
    told[each.path][each.ref] = each;
  }
  for (const std::string& name : account.list()) {
    const std::vector<std::string> path = split(name);
    std::string folder;
    for (const std::string& part : maildir::folders_of(path, maildir::Layout::Verbatim)) {
      folder += "/" + part;
    }
    EXPECT_TRUE(fs::exists(root.string() + folder + "/cur") || name == "Lists" ||
                name == "Lists/dev" || name == "日本語")
        << "mbsync calls it otherwise: " << folder;
    const auto validity = account.status(name).at("UIDVALIDITY");
    const auto messages = account.messages(name);
    EXPECT_EQ(told[path].size(), messages.size()) << name;
    for (const ImapMessage& one : messages) {
      const Found& each = told[path][fmt::format("{}:{}", validity, one.uid)];
      ASSERT_TRUE(each.original) << name << " " << one.uid;
      EXPECT_EQ(hex(each.original->digest), one.sha256) << each.location;
      EXPECT_EQ(each.original->size, one.size);
    }
  }
}

TEST_F(MaildirPrograms, DovecotReadsWhatWeWrite) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> expected;
  std::vector<std::string> names = kNames;
  names.insert(names.end(), {"INBOX", "cur", "tmp/new"});
  int number = 0;
  for (const std::string& name : names) {
    sink->mailbox(MailboxChange::Create, mailbox_of(split(name)));
    for (int i = 0; i < 3 && name != "empty"; ++i) {
      const std::vector<std::string> keywords =
          i == 0 ? std::vector<std::string>{}
                 : std::vector<std::string>{"$seen", i == 1 ? "work" : "$flagged"};
      const Message one = in(message(std::to_string(++number), "x"), {split(name)}, keywords);
      commit(one);
      expected[name][hex(one.digest())] =
          i == 0 ? std::set<std::string>{}
                 : std::set<std::string>{"\\Seen", i == 1 ? "work" : "\\Flagged"};
    }
  }
  const DovecotServer served(DovecotOptions::serving(
      "maildir:" + root.string() + ":LAYOUT=fs:INBOX=" + (root / "INBOX").string()));
  ImapAccount account(served.imap_port(), "reader");
  std::set<std::string> told;
  for (const std::string& name : account.list()) {
    told.insert(name);
  }
  for (const auto& [name, messages] : expected) {
    std::string shown;
    for (const std::string& part : maildir::folders_of(split(name), maildir::Layout::Verbatim)) {
      shown += (shown.empty() ? "" : "/") + part;
    }
    // What we had to encode Dovecot shows as it lies.
    const std::string listed = name == "cur" || name == "tmp/new" ? shown : name;
    EXPECT_TRUE(told.contains(listed)) << listed;
    std::map<std::string, std::set<std::string>> seen;
    for (const ImapMessage& one : account.messages(listed)) {
      seen[one.sha256] = one.flags;
      EXPECT_EQ(one.received_at, 1'700'000'000);
    }
    EXPECT_EQ(seen, messages) << listed;
  }
}

}  // namespace
}  // namespace mailpipe::test
