#pragma once

#include "pipeline/cli.hpp"
#include "pipeline/maildir_tree.hpp"
#include "support/imap_account.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

using mailpipe::testing::AppendOptions;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::MailboxName;

/// DovecotNameless is one that tells no identity of messages.
enum class Source : std::uint8_t { JmapCyrus, ImapCyrus, ImapDovecot, DovecotNameless };

/// For ::testing::PrintToStringParamName().
void PrintTo(Source source, std::ostream* out);

/// A message as the server gives it.
struct Held {
  std::string octets;
  std::int64_t received_at = 0;
  std::string identity;  ///< the server's, the same in all mailboxes that one message is in
};

/// By the mailbox's name in UTF-8, "INBOX" in upper case; empty ones are left out.
using Account = std::map<std::string, std::vector<Held>>;

/// Through BODY.PEEK[], by the test's own client. `identity` is what the server calls that: "EMAILID", "X-GUID".
Account account_of(ImapAccount& account, const std::string& identity);

/// A kind of sink, and how a reader that shares no code with it sees what it wrote.
struct SinkKind {
  const char* type;
  bool folders;  ///< one for each mailbox
  Contents (*read)(const std::filesystem::path&
                       root);  ///< digests of what as_kept() gives; by mailbox, or all in ""
  std::string (*as_kept)(const std::string& octets);
};

/// All of them.
const std::vector<SinkKind>& sink_kinds();

const SinkKind& sink_kind(const std::string& type);

/// For the names of tests.
void PrintTo(const SinkKind& kind, std::ostream* out);

/// What the sink should show of the account: each message in all of its mailboxes or, where there are none, once.
Contents contents_for(const SinkKind& kind, const Account& account);

/// The octets of all messages in order, of those that a mbox holds; by the documented rules of mboxrd.
std::vector<std::string> read_mbox(const std::filesystem::path& file);

/// The mbox files below a folder, by mailbox.
std::map<std::string, std::filesystem::path> mbox_files(const std::filesystem::path& root);

/// In an mbox lines end in LF, unless a bare LF shows that the ends are to be kept; and the last one ends.
std::string as_in_mbox(const std::string& octets);

std::string sha256_of(const std::string& octets);

/// Those lists as one, "" its name.
Contents in_one(const Contents& contents);

/// Each digest once in each of them.
Contents each_once(const Contents& contents);

/// Path, inode, size and time of every file below a folder.
std::map<std::string, std::string> snapshot(const std::filesystem::path& root);

/// The real program on a pipeline from a real server, in a folder of its own. At the end the server's log of IMAP commands
/// must hold none that could change anything there.
///
/// Life cycle   The test, or SetUp() of its class, calls use().
class AcrossRun : public ::testing::Test {
 protected:
  /// Logs in a fresh user. Skips the test where the server is missing.
  void use(Source source);

  /// The user of another account on that server, filled before.
  void use(Source source, const std::string& user);

  void TearDown() override;

  /// Skips the test where the server is missing.
  static void need(Source source);
  static std::unique_ptr<ImapAccount> fresh_account(Source source);

  /// Writes the pipeline: the source, then `rest` as it is (filters:, sinks:, run:).
  void write(const std::string& rest, const std::string& source_options = {});

  /// `mailpipe run` with a report.
  Finished run(const std::vector<std::string>& words = {}) const;

  /// The same, which must end well.
  void run_well(const std::vector<std::string>& words = {}) const;
  Process start() const;  ///< not waited for, without a report

  nlohmann::json report() const;  ///< of the last run()
  std::uint64_t count(const char* name) const;
  std::uint64_t downloads() const;
  std::uint64_t sink(const std::string& id, const char* name) const;

  std::filesystem::path mail(const std::string& name = "mail") const { return dir_ / name; }

  std::string file() const { return (dir_ / "mail.yaml").string(); }

  Environment environment() const;

  TempDir dir_{TempDir::fast_parent()};
  Source source_ = Source::ImapDovecot;
  std::string user_;
  std::unique_ptr<ImapAccount> account_;  ///< of a fresh user
};

}  // namespace mailpipe::test
