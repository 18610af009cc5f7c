#include "pipeline/imap_maildir_fixture.hpp"

#include "support/imap_rules.hpp"
#include "support/server_folder.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace mailpipe::test {

namespace fs = std::filesystem;
using mailpipe::testing::commands_that_may_change;
using mailpipe::testing::make_sample;
using mailpipe::testing::need_server;
using mailpipe::testing::SampleMail;

namespace {

DovecotOptions options_of(Server server) {
  switch (server) {
    case Server::DovecotWithoutQresync:
      return DovecotOptions::without_qresync();
    case Server::DovecotWithoutCondstore:
      return DovecotOptions::without_condstore();
    case Server::DovecotPlain:
      return DovecotOptions::plain();
    default:
      return DovecotOptions::full();
  }
}

}  // namespace

void PrintTo(Server server, std::ostream* out) {
  switch (server) {
    case Server::Dovecot:
      *out << "Dovecot";
      return;
    case Server::DovecotWithoutQresync:
      *out << "DovecotWithoutQresync";
      return;
    case Server::DovecotWithoutCondstore:
      *out << "DovecotWithoutCondstore";
      return;
    case Server::DovecotPlain:
      *out << "DovecotPlain";
      return;
    case Server::Cyrus:
      *out << "Cyrus";
  }
}

std::string mail_of(const std::string& subject, const std::string& body) {
  return "From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 "
         "+0000\r\nMessage-ID: <" +
         std::to_string(std::hash<std::string>()(subject)) +
         "@example.org>\r\nSubject: " + subject + "\r\n\r\n" + body + "\r\n";
}

DovecotServer* ImapMaildirRun::dovecot() const {
  return server_ == Server::Cyrus ? nullptr : DovecotServer::shared(options_of(server_));
}

int ImapMaildirRun::port() const {
  return server_ == Server::Cyrus ? CyrusServer::shared()->imap_port() : dovecot()->imap_port();
}

void ImapMaildirRun::use(Server server) {
  need_server(server == Server::Cyrus ? CyrusServer::missing() : DovecotServer::missing());
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  server_ = server;
  account_ = std::make_unique<ImapAccount>(port(), server == Server::Cyrus
                                                       ? CyrusServer::shared()->fresh_user()
                                                       : dovecot()->fresh_user());
  write();
}

void ImapMaildirRun::TearDown() {
  if (account_ == nullptr) {
    return;
  }
  EXPECT_FALSE(all_commands().empty()) << "the server's log of commands was not found";
  EXPECT_EQ(commands_that_may_change(all_commands()), std::vector<std::string>());
}

void ImapMaildirRun::write(const PipelineOptions& options) {
  write_for(proxy_ ? proxy_->port() : port(), account_->user(), options);
}

void ImapMaildirRun::write_for(int port, const std::string& user, const PipelineOptions& options) {
  std::ofstream out(file());
  out << "version: 1\nname: mail\nsource:\n  type: imap\n  with:\n    host: 127.0.0.1\n    port: "
      << port << "\n    tls: none\n    user: " << user
      << "\n    password: { $env: MAIL_PASSWORD }\n"
      << options.source_options << "sinks:\n  - type: maildir\n    on_remove: " << options.on_remove
      << "\n    with: { path: ./" << options.sink_path << " }\n";
  if (!options.run_options.empty()) {
    out << "run:\n" << options.run_options;
  }
}

std::uint32_t ImapMaildirRun::append(const MailboxName& mailbox, const std::string& subject,
                                     const AppendOptions& how) {
  return account_->append(mailbox, mail_of(subject), how);
}

void ImapMaildirRun::append_samples(const MailboxName& mailbox, std::size_t first,
                                    std::size_t count) {
  std::vector<SampleMail> mails;
  for (std::size_t i = first; i < first + count; ++i) {
    mails.push_back(make_sample(1, i));
  }
  account_->append_all(mailbox, mails);
}

Environment ImapMaildirRun::environment() const {
  return {{"XDG_STATE_HOME", (dir_ / "state").string()}, {"MAIL_PASSWORD", "secret"}};
}

Finished ImapMaildirRun::run(const std::vector<std::string>& words) {
  fs::remove(dir_ / "report.json");
  std::vector<std::string> all{"run", "--report", (dir_ / "report.json").string()};
  all.insert(all.end(), words.begin(), words.end());
  all.push_back(file());
  return mailpipe(std::move(all), environment());
}

void ImapMaildirRun::run_well(const std::vector<std::string>& words) {
  const Finished result = run(words);
  expect_well(result);
}

Process ImapMaildirRun::start() const {
  return Process({MAILPIPE_PROGRAM, "run", file()}, environment());
}

Finished ImapMaildirRun::rebuild() {
  fs::remove(dir_ / "report.json");
  return mailpipe({"state", "rebuild", "--report", (dir_ / "report.json").string(), file()},
                  environment());
}

Finished ImapMaildirRun::status() const {
  return mailpipe({"status", "--format", "json", file()}, environment());
}

nlohmann::json ImapMaildirRun::report() const {
  std::ifstream in(dir_ / "report.json", std::ios::binary);
  return nlohmann::json::parse(in);
}

std::uint64_t ImapMaildirRun::count(const char* name) const {
  return report().at("counts").at(name).get<std::uint64_t>();
}

std::uint64_t ImapMaildirRun::counter(const std::string& name) const {
  return report().at("counters").value(name, std::uint64_t{0});
}

std::uint64_t ImapMaildirRun::sink(const char* name) const {
  return report().at("sinks").at(0).at(name).get<std::uint64_t>();
}

void ImapMaildirRun::expect_well(const Finished& result) const {
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  ASSERT_TRUE(fs::exists(dir_ / "report.json")) << result.out << result.err;
  EXPECT_TRUE(report().at("adds_up").get<bool>()) << report().dump(2);
}

void ImapMaildirRun::expect_mirrored() {
  EXPECT_EQ(difference(contents_of_account(*account_), contents_of_tree(tree())), "");
}

std::vector<std::string> ImapMaildirRun::all_commands() const {
  return server_ == Server::Cyrus ? CyrusServer::shared()->commands(account_->user())
                                  : dovecot()->commands(account_->user());
}

std::vector<std::string> ImapMaildirRun::commands() const {
  std::multiset<std::string> before(forgotten_.begin(), forgotten_.end());
  std::vector<std::string> out = all_commands();
  std::erase_if(out, [&](const std::string& one) {
    const auto found = before.find(one);
    return found != before.end() && (before.erase(found), true);
  });
  return out;
}

std::size_t ImapMaildirRun::commands_like(const std::string& beginning) const {
  const std::vector<std::string> all = commands();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const std::string& one) { return one.starts_with(beginning); }));
}

}  // namespace mailpipe::test
