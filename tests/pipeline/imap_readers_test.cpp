// What other programs make of our Maildirs, and how mbsync names its own.
#include "pipeline/imap_maildir_fixture.hpp"
#include "pipeline/mbsync.hpp"
#include "pipeline/odd_mailboxes.hpp"
#include "support/server_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    out.push_back(line);
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Those that only one of the two has, a line each.
std::string not_in_both(const std::vector<std::string>& one, const std::vector<std::string>& two) {
  std::vector<std::string> out;
  std::set_symmetric_difference(one.begin(), one.end(), two.begin(), two.end(),
                                std::back_inserter(out));
  std::string text;
  for (const std::string& line : out) {
    text += line + "\n";
  }
  return text;
}

/// One account, copied once, and read by all.
class ImapReaders : public ImapMaildirRun {
 protected:
  void SetUp() override {
    use(Server::Dovecot);
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    fill_odd_mailboxes(*account_);
    run_well();
  }

  /// Skips the test where the program is missing; CI has them all.
  static std::string need(const std::string& program) {
    const std::string path = find_program(program);
    mailpipe::testing::need_server(path.empty() ? program + " is not installed" : "");
    return path;
  }

  /// mu and notmuch keep folders as terms of Xapian, of at most 245 octets.
  void remove_long_names() const {
    for (const auto& [folder, files] : tree()) {
      if (is_long(folder)) {
        fs::remove_all(mail() / folder);
      }
    }
  }

  static bool is_long(const std::string& folder) { return folder.size() > 200; }

  std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& [folder, files] : tree()) {
      for (const MailFile& file : files) {
        out.push_back(file.path.string());
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST_F(ImapReaders, MblazeListsEveryMessageOfEachFolder) {
  const std::string mlist = need("mlist");
  for (const auto& [folder, files] : tree()) {
    const Finished listed = run_process({mlist, (mail() / folder).string()});
    EXPECT_EQ(lines_of(listed.out).size(), files.size()) << folder << listed.err;
  }
}

TEST_F(ImapReaders, MuIndexesEveryFile) {
  const std::string mu = need("mu");
  remove_long_names();
  const std::string home = "--muhome=" + (dir_ / "mu").string();
  const Finished made = run_process({mu, "init", home, "--maildir=" + mail().string()});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Finished indexed = run_process({mu, "index", home, "--quiet"});
  ASSERT_EQ(indexed.exit_code, 0) << indexed.err;
  const Finished found = run_process({mu, "find", home, "--fields=l", ""});
  EXPECT_EQ(not_in_both(lines_of(found.out), files()), "") << found.err;
}

TEST_F(ImapReaders, NotmuchFindsEveryFile) {
  const std::string notmuch = need("notmuch");
  remove_long_names();
  const std::string config = (dir_ / "notmuch-config").string();
  std::ofstream(config) << "[database]\npath=" << mail().string()
                        << "\n[user]\nname=a\nprimary_email=a@example.org\n[new]\ntags=\n"
                           "[maildir]\nsynchronize_flags=false\n";
  const Environment environment{{"NOTMUCH_CONFIG", config}};
  const Finished made = run_process({notmuch, "new", "--quiet"}, environment);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Finished found = run_process({notmuch, "search", "--output=files", "*"}, environment);
  EXPECT_EQ(not_in_both(lines_of(found.out), files()), "") << found.err;
}

TEST_F(ImapReaders, PythonReadsTheSameOctetsAndFlags) {
  const std::string python = need("python3");
  const std::string script = (dir_ / "read.py").string();
  std::ofstream(script) << R"(import hashlib, mailbox, os, sys
for top, folders, files in os.walk(sys.argv[1]):
    if "cur" in folders:
        for key in (box := mailbox.Maildir(top, create=False)).keys():
            print(os.path.relpath(top, sys.argv[1]), hashlib.sha256(box.get_bytes(key)).hexdigest(),
                  "".join(c for c in box[key].get_flags() if c < "a"), sep="\t")
)";
  const Finished read = run_process({python, script, mail().string()});
  std::vector<std::string> expected;
  for (const auto& [folder, files] : tree()) {
    for (const MailFile& file : files) {
      std::string flags;
      for (const auto& [flag, letter] :
           {std::pair("\\draft", "D"), std::pair("\\flagged", "F"), std::pair("$forwarded", "P"),
            std::pair("\\answered", "R"), std::pair("\\seen", "S"), std::pair("\\deleted", "T")}) {
        flags += file.flags.contains(flag) ? letter : "";
      }
      expected.push_back(folder + "\t" + file.sha256 + "\t" + flags);
    }
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(not_in_both(lines_of(read.out), expected), "") << read.err;
}

TEST_F(ImapReaders, DovecotServesWhatItServedUs) {
  const fs::path copy = dir_ / "served";  // Dovecot writes into what it serves
  ASSERT_EQ(run_process({"/bin/cp", "-a", mail().string(), copy.string()}).exit_code, 0);
  DovecotServer served(DovecotOptions::serving("maildir:" + copy.string() +
                                               ":LAYOUT=fs:INBOX=" + copy.string() + "/INBOX"));
  ImapAccount reader(served.imap_port(), "reader");
  Contents found;
  for (const std::string& name : reader.list()) {
    auto& here = found[MailboxName(name).octets()];
    for (const auto& message : reader.messages(name)) {
      here.insert(message.sha256 + " " + std::to_string(message.received_at));
    }
  }
  Contents expected;
  for (const auto& [folder, files] : tree()) {
    auto& here = expected[folder];
    for (const MailFile& file : files) {
      here.insert(file.sha256 + " " + std::to_string(file.time));
    }
  }
  EXPECT_EQ(difference(expected, found), "");
}

TEST_F(ImapReaders, FoldersAreCalledAsMbsyncCallsThem) {
  need("mbsync");
  // What stands in the way of Maildirs is encoded by us alone; at the longest names mbsync 1.4 gives up ("buffer too small").
  Mbsync mbsync{port(),
                other_user(),
                {"*", "!cur", "!new", "!tmp", "!parts/*", "!.*", "!x*", "!deep/*", "!&AOQA*"}};
  const Finished result = mbsync.run(dir_.path(), dir_ / "mbsync");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> theirs;
  for (const auto& [folder, files] : read_maildirs(dir_ / "mbsync")) {
    theirs.push_back(folder + " " + std::to_string(files.size()));
  }
  std::vector<std::string> ours;
  for (const auto& [folder, files] : tree()) {
    const bool encoded = folder.find("%2E") != std::string::npos ||
                         folder.find("%6") != std::string::npos ||
                         folder.find("%7") != std::string::npos;
    if (!encoded && !is_long(folder)) {
      ours.push_back(folder + " " + std::to_string(files.size()));
    }
  }
  EXPECT_EQ(ours.size(), kOddMailboxes - 13);  // 3 long, 10 encoded
  EXPECT_EQ(not_in_both(ours, theirs), "");
}

}  // namespace
}  // namespace mailpipe::test
