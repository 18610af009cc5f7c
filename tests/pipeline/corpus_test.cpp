// Thousands of real messages, where the environment's MAILPIPE_CORPUS names a folder of them: through real servers into every
// sink, and read there by other programs. What is in that folder is copied nowhere.
#include "pipeline/across_fixture.hpp"
#include "pipeline/mbsync.hpp"
#include "support/dovecot_server.hpp"
#include "support/server_folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;
using mailpipe::testing::contents_of;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;

using Messages = std::vector<std::string>;

/// The messages of a mbox in whatever dialect, as far as its "From " lines behind empty ones tell; none of it is unquoted.
Messages split_box(const std::string& text) {
  Messages out;
  std::istringstream in(text);
  bool after_empty = true;
  for (std::string line; std::getline(in, line);) {
    if (after_empty && line.starts_with("From ")) {
      out.emplace_back();
    } else if (!out.empty()) {
      out.back() += line + "\n";
    }
    after_empty = line.empty() || line == "\r";
  }
  return out;
}

/// Mail in files with LF alone was made from mail with CRLF.
std::string as_sent(const std::string& text) {
  if (text.find("\r\n") != std::string::npos) {
    return text;
  }
  std::string out;
  for (const char octet : text) {
    out += octet == '\n' ? "\r\n" : std::string(1, octet);
  }
  return out;
}

Messages messages_in(const fs::path& file) {
  std::string text = contents_of(file.string());
  if (file.filename().string().find("mbox") != std::string::npos) {
    return split_box(text);
  }
  if (text.starts_with("From ")) {
    text.erase(0, text.find('\n') + 1);
  }
  return {text};
}

/// By folder.
std::map<std::string, Messages> read_corpus(const fs::path& root) {
  std::map<std::string, Messages> out;
  for (const auto& folder : fs::directory_iterator(root)) {
    if (!folder.is_directory()) {
      continue;
    }
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.path().extension() != ".csv" &&
          !entry.path().filename().string().starts_with('.')) {
        files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      for (const std::string& message : messages_in(file)) {
        out[folder.path().filename().string()].push_back(as_sent(message));
      }
    }
  }
  return out;
}

/// The value of the header, or nothing.
std::string message_id(const std::string& octets) {
  static const std::regex kId("(^|\n)message-id:\\s*(\\S+)", std::regex::icase);
  std::smatch found;
  const std::string header = octets.substr(0, std::min(octets.find("\r\n\r\n"), std::size_t{8192}));
  return std::regex_search(header, found, kId) ? found[2].str() : "";
}

/// An account that holds the corpus, by the server's word.
struct CorpusAccount {
  CorpusAccount(std::unique_ptr<ImapAccount> account, const std::string& identity)
      : imap(std::move(account)) {
    for (const auto& [folder, messages] : read_corpus(std::getenv("MAILPIPE_CORPUS"))) {
      imap->create(folder);
      for (const std::string& message : messages) {
        try {
          imap->append(folder, message);
          ++taken;
        } catch (const std::runtime_error&) {
          ++refused;
        }
      }
    }
    mail = account_of(*imap, identity);
  }

  std::unique_ptr<ImapAccount> imap;
  Account mail;
  std::size_t taken = 0, refused = 0;
};

class Corpus : public AcrossRun, public ::testing::WithParamInterface<Source> {
 protected:
  void SetUp() override {
    if (std::getenv("MAILPIPE_CORPUS") == nullptr) {
      std::cerr << "\n*** SKIPPED, NOT TESTED: MAILPIPE_CORPUS names no folder of real mail\n\n";
      GTEST_SKIP();
    }
    need(GetParam());
    if (IsSkipped() || HasFatalFailure()) {
      return;
    }
    const bool dovecot = GetParam() == Source::ImapDovecot;
    static std::map<bool, std::unique_ptr<CorpusAccount>> accounts;
    std::unique_ptr<CorpusAccount>& account = accounts[dovecot];
    if (!account) {
      account = std::make_unique<CorpusAccount>(fresh_account(GetParam()),
                                                dovecot ? "X-GUID" : "EMAILID");
      std::cout << account->taken << " messages taken, " << account->refused << " refused\n";
    }
    corpus_ = account.get();
    ASSERT_GT(corpus_->taken, 1000U);
    use(GetParam(), corpus_->imap->user());
  }

  void TearDown() override {
  }  // what a log shows of such mail's APPEND is not to be told from commands

  /// Where messages of equal octets are one, a mailbox has them once; Maildirs give each row over IMAP a file of its own.
  Contents expected(const SinkKind& kind) const {
    const Contents all = contents_for(kind, corpus_->mail);
    const bool one = source_ == Source::JmapCyrus ||
                     (source_ == Source::ImapCyrus && kind.type == std::string("mbox"));
    return one && kind.folders ? each_once(all) : all;
  }

  /// Of the messages in each mailbox.
  using Numbers = std::map<std::string, std::size_t>;

  Numbers numbers(const std::string& type) const {
    Numbers out;
    for (const auto& [mailbox, digests] : expected(sink_kind(type))) {
      out[mailbox] = digests.size();
    }
    return out;
  }

  /// Without those of empty mailboxes.
  static std::map<std::string, fs::path> boxes_with_mail(const fs::path& root) {
    auto out = mbox_files(root);
    std::erase_if(out, [](const auto& one) { return fs::file_size(one.second) == 0; });
    return out;
  }

  static std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  Numbers by_mlist() const {
    Numbers out;
    for (const auto& [mailbox, number] : numbers("maildir")) {
      out[mailbox] =
          lines_in(run_process({find_program("mlist"), (mail("maildir") / mailbox).string()}).out);
    }
    return out;
  }

  Numbers by_python(const fs::path& boxes) const {
    const std::string script = (dir_ / "read.py").string();
    std::ofstream(script)
        << "import mailbox, sys\nprint(len(mailbox.mbox(sys.argv[1], create=False)))\n";
    Numbers out;
    for (const auto& [mailbox, box] : boxes_with_mail(boxes)) {
      const Finished read = run_process({find_program("python3"), script, box.string()});
      EXPECT_EQ(read.exit_code, 0) << read.err;
      out[mailbox] = std::stoul("0" + read.out);
    }
    return out;
  }

  /// mblaze reads mbox files only to import them into a Maildir.
  Numbers by_mdeliver(const fs::path& boxes) const {
    Numbers out;
    for (const auto& [mailbox, box] : boxes_with_mail(boxes)) {
      const fs::path maildir = dir_ / "delivered" / mailbox;
      for (const char* sub : {"cur", "new", "tmp"}) {
        fs::create_directories(maildir / sub);
      }
      const Finished delivered =
          run_process({"/bin/sh", "-c", "exec \"$0\" -M \"$1\" <\"$2\"", find_program("mdeliver"),
                       maildir.string(), box.string()});
      EXPECT_EQ(delivered.exit_code, 0) << delivered.err;
      out[mailbox] = read_maildirs(maildir).at("").size();
    }
    return out;
  }

  Numbers by_dovecot(const fs::path& boxes) const {
    Numbers out;
    const fs::path copy = dir_ / "served";  // Dovecot writes into what it serves
    EXPECT_EQ(run_process({"/bin/cp", "-a", boxes.string(), copy.string()}).exit_code, 0);
    fs::remove_all(copy / ".mailpipe-mbox");
    EXPECT_EQ(run_process({"/bin/chmod", "-R", "a+rwX", copy.string()}).exit_code, 0);
    fs::permissions(dir_.path(), fs::perms::owner_all | fs::perms::others_exec);
    const DovecotServer served(
        DovecotOptions::serving("mbox:" + copy.string() + ":INBOX=" + copy.string() + "/INBOX"));
    ImapAccount reader(served.imap_port(), "reader");
    for (const auto& [mailbox, box] : boxes_with_mail(boxes)) {
      out[mailbox] = reader.status(mailbox).at("MESSAGES");
    }
    return out;
  }

  const CorpusAccount* corpus_ = nullptr;
};

TEST_P(Corpus, LiesInEverySinkAsTheServerHasIt) {
  std::string yaml = "sinks:\n";
  for (const SinkKind& kind : sink_kinds()) {
    yaml += std::string("  - type: ") + kind.type + "\n    with: { path: ./" + kind.type + " }\n";
  }
  write(yaml);
  run_well();
  std::cout << report().at("seconds") << " s, " << downloads() << " downloads, "
            << report().at("bytes") << " octets\n";
  for (const SinkKind& kind : sink_kinds()) {
    const Contents found = kind.read(mail(kind.type));
    EXPECT_EQ(difference(expected(kind), found), "") << kind.type;
    std::cout << kind.type << ": " << in_one(found).at("").size() << " messages\n";
  }
  EXPECT_EQ(by_mlist(), numbers("maildir"));
  const fs::path boxes = mail("mbox");
  EXPECT_EQ(by_python(boxes), numbers("mbox"));
  EXPECT_EQ(by_dovecot(boxes), numbers("mbox"));
  EXPECT_EQ(by_mdeliver(boxes), numbers("mbox"));

  const auto before = snapshot(dir_ / "mbox");
  run_well();
  EXPECT_EQ(downloads(), 0U);
  EXPECT_EQ(snapshot(dir_ / "mbox"), before);
}

TEST_P(Corpus, KeepsAllMessagesOfOneMessageIdUnderDedup) {
  write("filters:\n  - type: dedup\nsinks:\n  - type: eml\n    with: { path: ./eml }\n");
  run_well();
  std::map<std::string, std::set<std::string>> by_id;
  std::set<std::string> all;
  for (const auto& [mailbox, messages] : corpus_->mail) {
    for (const Held& one : messages) {
      const std::string digest = sha256_of(one.octets);
      all.insert(digest);
      by_id[message_id(one.octets)].insert(digest);
    }
  }
  by_id.erase("");
  std::size_t sharing = 0;
  const Contents found = sink_kind("eml").read(mail("eml"));
  for (const auto& [id, digests] : by_id) {
    if (digests.size() > 1) {
      sharing += digests.size();
      for (const std::string& one : digests) {
        EXPECT_EQ(found.at("").count(one), 1U) << id;
      }
    }
  }
  EXPECT_GT(sharing, 100U);
  EXPECT_EQ(count("stored"), all.size());
  EXPECT_EQ(found.at("").size(), all.size());
  std::cout << sharing << " messages share a Message-ID and differ; " << count("stored")
            << " stored, " << count("deduped") << " left out as equal\n";
}

INSTANTIATE_TEST_SUITE_P(Servers, Corpus,
                         ::testing::Values(Source::JmapCyrus, Source::ImapCyrus,
                                           Source::ImapDovecot),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mailpipe::test
