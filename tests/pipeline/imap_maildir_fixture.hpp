#pragma once

#include "pipeline/cli.hpp"
#include "pipeline/maildir_tree.hpp"
#include "support/cyrus_server.hpp"
#include "support/delay_proxy.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace mailpipe::test {

using mailpipe::testing::AppendOptions;
using mailpipe::testing::CyrusServer;
using mailpipe::testing::DelayProxy;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::ImapAccount;
using mailpipe::testing::MailboxName;

enum class Server : std::uint8_t {
  Dovecot,
  DovecotWithoutQresync,
  DovecotWithoutCondstore,
  DovecotPlain,
  Cyrus
};

/// For ::testing::PrintToStringParamName().
void PrintTo(Server server, std::ostream* out);

/// A message whose lines end in CRLF; `body` tells it from others of the same subject.
std::string mail_of(const std::string& subject, const std::string& body = "text");

/// How a pipeline differs from the usual one.
struct PipelineOptions {
  std::string on_remove = "keep";
  std::string sink_path = "mail";
  std::string source_options;  ///< further lines of `source: with:`, each indented by four
  std::string run_options;     ///< lines of `run:`, indented by two
};

/// The real program on a pipeline from a real IMAP server to Maildirs, in a folder of its own. At the end the server's log
/// of commands must hold none that could change anything there.
///
/// Life cycle   SetUp() of the test's own class calls use().
class ImapMaildirRun : public ::testing::Test {
 protected:
  /// Logs in a fresh user and writes the pipeline. Skips the test where the server is missing.
  void use(Server server);

  void TearDown() override;

  void write(const PipelineOptions& options = {});

  /// The same for another server on loopback.
  void write_for(int port, const std::string& user, const PipelineOptions& options = {});

  /// A message of that subject; its UID.
  std::uint32_t append(const MailboxName& mailbox, const std::string& subject,
                       const AppendOptions& how = {});

  /// Sample mail `first` to `first + count - 1`.
  void append_samples(const MailboxName& mailbox, std::size_t first, std::size_t count);

  /// `mailpipe run` with a report.
  Finished run(const std::vector<std::string>& words = {});

  /// The same, which must end well.
  void run_well(const std::vector<std::string>& words = {});
  Process start() const;  ///< not waited for, without a report
  Finished rebuild();
  Finished status() const;

  nlohmann::json report() const;  ///< of the last run() or rebuild()
  std::uint64_t count(const char* name) const;
  std::uint64_t counter(const std::string& name) const;
  std::uint64_t sink(const char* name) const;  ///< a number of the report on the sink

  std::uint64_t bodies() const { return counter("source.bodies"); }

  void expect_well(const Finished& result) const;

  MailTree tree() const { return read_maildirs(mail()); }

  /// Digests, times and flags in all folders are those of the account.
  void expect_mirrored();

  /// What clients but ImapAccount sent since the last forget_commands().
  std::vector<std::string> commands() const;

  void forget_commands() { forgotten_ = all_commands(); }

  /// The server's, at a user name under which it logs no commands: for other programs. Dovecot only.
  std::string other_user() const { return account_->user() + "@elsewhere"; }

  /// How many of commands() begin so.
  std::size_t commands_like(const std::string& beginning) const;

  std::filesystem::path mail() const { return dir_ / "mail"; }

  std::filesystem::path ledger() const { return dir_ / "state/mailpipe/mail/ledger.db"; }

  std::string file() const { return (dir_ / "mail.yaml").string(); }

  int port() const;

  TempDir dir_{TempDir::fast_parent()};
  Server server_ = Server::Dovecot;
  std::unique_ptr<DelayProxy>
      proxy_;  ///< the way of the program to the server, if a test puts one here before write()
  std::unique_ptr<ImapAccount> account_;

 private:
  std::vector<std::string> all_commands() const;
  DovecotServer* dovecot() const;
  Environment environment() const;

  std::vector<std::string> forgotten_;  // not a number of them: sessions come in no order
};

/// One that runs on several servers.
class ImapMaildirOn : public ImapMaildirRun, public ::testing::WithParamInterface<Server> {
 protected:
  void SetUp() override { use(GetParam()); }
};

}  // namespace mailpipe::test
