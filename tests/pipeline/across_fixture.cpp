#include "pipeline/across_fixture.hpp"

#include "support/cyrus_server.hpp"
#include "support/dovecot_server.hpp"
#include "support/imap_rules.hpp"
#include "support/server_folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace mailpipe::test {

namespace fs = std::filesystem;
using mailpipe::testing::commands_that_may_change;
using mailpipe::testing::CyrusServer;
using mailpipe::testing::DovecotOptions;
using mailpipe::testing::DovecotServer;
using mailpipe::testing::need_server;

namespace {

bool is_cyrus(Source source) {
  return source == Source::JmapCyrus || source == Source::ImapCyrus;
}

/// "plain" tells neither UIDPLUS nor an identity; the client that fills the account uses what Dovecot does not tell.
DovecotServer& dovecot(Source source) {
  return *DovecotServer::shared(source == Source::DovecotNameless ? DovecotOptions::plain()
                                                                  : DovecotOptions::full());
}

int imap_port(Source source) {
  return is_cyrus(source) ? CyrusServer::shared()->imap_port() : dovecot(source).imap_port();
}

}  // namespace

void PrintTo(Source source, std::ostream* out) {
  switch (source) {
    case Source::JmapCyrus:
      *out << "JmapCyrus";
      return;
    case Source::ImapCyrus:
      *out << "ImapCyrus";
      return;
    case Source::ImapDovecot:
      *out << "ImapDovecot";
      return;
    case Source::DovecotNameless:
      *out << "DovecotNameless";
  }
}

void AcrossRun::need(Source source) {
  need_server(is_cyrus(source) ? CyrusServer::missing() : DovecotServer::missing());
}

std::unique_ptr<ImapAccount> AcrossRun::fresh_account(Source source) {
  return std::make_unique<ImapAccount>(imap_port(source), is_cyrus(source)
                                                              ? CyrusServer::shared()->fresh_user()
                                                              : dovecot(source).fresh_user());
}

void AcrossRun::use(Source source) {
  need(source);
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  account_ = fresh_account(source);
  use(source, account_->user());
}

void AcrossRun::use(Source source, const std::string& user) {
  source_ = source;
  user_ = user;
}

void AcrossRun::TearDown() {
  if (user_.empty()) {
    return;
  }
  const std::vector<std::string> commands =
      is_cyrus(source_) ? CyrusServer::shared()->commands(user_) : dovecot(source_).commands(user_);
  EXPECT_TRUE(source_ == Source::JmapCyrus || !commands.empty())
      << "the server's log of commands was not found";
  EXPECT_EQ(commands_that_may_change(commands), std::vector<std::string>());
}

void AcrossRun::write(const std::string& rest, const std::string& source_options) {
  std::ofstream out(file());
  out << "version: 1\nname: mail\nsource:\n";
  if (source_ == Source::JmapCyrus) {
    out << "  type: jmap\n  with:\n    session_url: " << CyrusServer::shared()->https_url()
        << "/jmap\n    ca_file: " << CyrusServer::shared()->ca_file();
  } else {
    out << "  type: imap\n  with:\n    host: 127.0.0.1\n    tls: none\n    port: "
        << imap_port(source_);
  }
  out << "\n    user: " << user_ << "\n    password: { $env: MAIL_PASSWORD }\n"
      << source_options << rest;
}

Environment AcrossRun::environment() const {
  return {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MAIL_PASSWORD", "secret"}};
}

Finished AcrossRun::run(const std::vector<std::string>& words) const {
  fs::remove(dir_ / "report.json");
  std::vector<std::string> all{"run", "--report", (dir_ / "report.json").string()};
  all.insert(all.end(), words.begin(), words.end());
  all.push_back(file());
  return mailpipe(std::move(all), environment());
}

void AcrossRun::run_well(const std::vector<std::string>& words) const {
  const Finished result = run(words);
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  ASSERT_TRUE(fs::exists(dir_ / "report.json")) << result.out << result.err;
  EXPECT_TRUE(report().at("adds_up").get<bool>()) << report().dump(2);
}

Process AcrossRun::start() const {
  return Process({MAILPIPE_PROGRAM, "run", file()}, environment());
}

nlohmann::json AcrossRun::report() const {
  std::ifstream in(dir_ / "report.json", std::ios::binary);
  return nlohmann::json::parse(in);
}

std::uint64_t AcrossRun::count(const char* name) const {
  return report().at("counts").at(name).get<std::uint64_t>();
}

std::uint64_t AcrossRun::downloads() const {
  const char* name = source_ == Source::JmapCyrus ? "source.blobs" : "source.bodies";
  return report().at("counters").value(name, std::uint64_t{0});
}

std::uint64_t AcrossRun::sink(const std::string& id, const char* name) const {
  const nlohmann::json all = report();
  for (const auto& one : all.at("sinks")) {
    if (one.at("id") == id) {
      return one.value(name, std::uint64_t{0});
    }
  }
  ADD_FAILURE() << "no sink " << id << " in " << all.dump(2);
  return 0;
}

}  // namespace mailpipe::test
