// A right and a wrong canary at real servers.
#include "pipeline/canary.hpp"
#include "pipeline/cli.hpp"
#include "support/cyrus_server.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_account.hpp"

#include <mailpipe/testing/temp_dir.hpp>

#include <filesystem>
#include <fstream>

namespace mailpipe::test {
namespace {

using mailpipe::testing::CyrusServer;
using mailpipe::testing::CyrusTest;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::DovecotTest;
using mailpipe::testing::ImapAccount;

/// Runs `source` with the canary in $CANARY; it must be nowhere then.
void expect_silent(const std::string& source, int exit_code) {
  const TempDir dir(TempDir::fast_parent());
  std::ofstream(dir / "demo.yaml") << "version: 1\nname: demo\nsource:\n" + source +
                                          "sinks:\n  - type: eml\n    with: { path: ./mail }\n"
                                          "run: { retry: { budget: 1s } }\n";
  const Finished result =
      mailpipe({"run", "--log-level", "debug", "--report", (dir / "report.json").string(),
                (dir / "demo.yaml").string()},
               {{"XDG_STATE_HOME", (dir / "state").string()}, {"CANARY", Canary::plain()}});
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_EQ(Canary::found_in(result.out + result.err), "") << result.out << result.err;
  EXPECT_EQ(Canary::found_below(dir.path()), "");
}

class CanaryAtDovecot : public DovecotTest {
 protected:
  static DovecotServer& server(bool knows_it) {
    DovecotOptions options;
    if (knows_it) {
      options.more_settings =
          "passdb {\n  driver = static\n  args = password=" + Canary::plain() + "\n}\n";
    }
    return *DovecotServer::shared(options);
  }

  static std::string source(DovecotServer& at, const std::string& more) {
    return "  type: imap\n  with:\n    host: localhost\n    user: " + at.fresh_user() +
           "\n    password: { $env: CANARY }\n    ca_file: " + at.ca_file() + "\n" + more;
  }
};

TEST_F(CanaryAtDovecot, IsNowhereWhenItIsTheRightPassword) {
  DovecotServer& at = server(true);
  const std::string tls = "    port: " + std::to_string(at.imaps_port()) + "\n";
  expect_silent(source(at, "    tls: starttls\n    port: " + std::to_string(at.imap_port()) + "\n"),
                0);
  expect_silent(source(at, tls + "    auth: login\n"), 0);
  expect_silent(source(at, tls), 0);
}

TEST_F(CanaryAtDovecot, IsNowhereWhenItIsWrong) {
  DovecotServer& at = server(false);
  expect_silent(source(at, "    port: " + std::to_string(at.imaps_port()) + "\n"), 4);
}

class CanaryAtCyrus : public CyrusTest {};

TEST_F(CanaryAtCyrus, IsNowhereWhenItIsWrong) {
  const std::string user = server().fresh_user();
  const std::string jmap = "  type: jmap\n  with:\n    session_url: " + server().https_url() +
                           "/jmap\n    ca_file: " + server().ca_file() + "\n";
  expect_silent(jmap + "    user: " + user + "\n    password: { $env: CANARY }\n", 4);
  expect_silent(jmap + "    token: { $env: CANARY }\n", 4);
  expect_silent("  type: imap\n  with:\n    host: 127.0.0.1\n    tls: none\n    port: " +
                    std::to_string(server().imap_port()) + "\n    user: " + user +
                    "\n    password: { $env: CANARY }\n",
                4);
}

}  // namespace
}  // namespace mailpipe::test
