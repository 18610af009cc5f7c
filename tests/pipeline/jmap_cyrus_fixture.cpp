#include "pipeline/jmap_cyrus_fixture.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mailpipe::test {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

/// The first `count` characters of UTF-8.
std::string first_characters(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size() && count > 0) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      ++end;
    }
    --count;
  }
  return text.substr(0, end);
}

}  // namespace

std::string seed_name(const JmapEmail& email) {
  std::string time = email.received_at;  // "2024-02-29T23:59:58Z"
  std::erase_if(time, [](char each) { return each == '-' || each == ':' || each == 'Z'; });
  time.at(8) = '_';
  std::string subject = email.subject;
  std::erase_if(subject, [](char each) {
    return each != '\0' && std::strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", each) != nullptr;
  });
  // Raw Latin-1, which Cyrus gives up on and sink-eml reads; in sample mail it is always an é.
  for (std::size_t at = 0; (at = subject.find("\xEF\xBF\xBD", at)) != std::string::npos;) {
    subject.replace(at, 3, "\xC3\xA9");
  }
  subject = first_characters(subject, 50);
  const auto first = subject.find_first_not_of(' ');
  const auto last = subject.find_last_not_of(' ');
  subject = first == std::string::npos ? "" : subject.substr(first, last - first + 1);
  return time + "_" + email.id + "_" + subject + ".eml";
}

std::string message(const std::string& subject) {
  return "From: a@example.org\r\nTo: b@example.org\r\nDate: Mon, 1 Jan 2024 00:00:00 "
         "+0000\r\nMessage-ID: <" +
         std::to_string(std::hash<std::string>()(subject)) +
         "@example.org>\r\nSubject: " + subject + "\r\n\r\nbody of " + subject + "\r\n";
}

void JmapCyrusRun::SetUp() {
  CyrusTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  url_ = server().https_url();
  account_ = std::make_unique<JmapAccount>(server(), server().fresh_user());
  write();
}

void JmapCyrusRun::write(const std::string& window) {
  std::ofstream out(file());
  out << "version: 1\nname: mail\nsource:\n  type: jmap\n  with:\n    session_url: " << url_
      << "/jmap\n    user: " << account_->user()
      << "\n    password: { $env: CYRUS_PASSWORD }\n    ca_file: " << server().ca_file() << "\n";
  if (!window.empty()) {
    out << "filters:\n  - type: window\n    with: { " << window << " }\n";
  }
  out << "sinks:\n  - type: eml\n    with: { path: ./mail }\n";
}

void JmapCyrusRun::fill(std::size_t messages, std::uint64_t large_octets) const {
  const Finished filled = run_process(
      {FILL_CYRUS, std::to_string(CyrusServer::shared()->imap_port()), account_->user(),
       CyrusServer::password(), std::to_string(messages), std::to_string(large_octets)});
  ASSERT_EQ(filled.exit_code, 0) << filled.err;
}

std::string JmapCyrusRun::import_at(const std::string& subject, const std::string& received_at) {
  return account_->import_message(message(subject), {{}, {}, received_at});
}

Environment JmapCyrusRun::environment(std::chrono::seconds ahead) const {
  Environment out{{"XDG_STATE_HOME", (dir_ / "state").string()},
                  {"CYRUS_PASSWORD", CyrusServer::password()}};
  if (ahead != 0s) {
    out["LD_PRELOAD"] = SHIFTED_CLOCK;
    out["MAILPIPE_TEST_CLOCK_AHEAD"] = std::to_string(ahead.count());
    // The sanitizer's own library wants to be the first; ours calls nothing that it watches.
    const char* options = std::getenv("ASAN_OPTIONS");
    out["ASAN_OPTIONS"] =
        (options != nullptr ? std::string(options) + ":" : "") + "verify_asan_link_order=0";
  }
  return out;
}

Finished JmapCyrusRun::run(std::chrono::seconds ahead) const {
  fs::remove(dir_ / "report.json");
  return mailpipe({"run", "--report", (dir_ / "report.json").string(), file()}, environment(ahead));
}

Process JmapCyrusRun::start() const {
  return Process({MAILPIPE_PROGRAM, "run", file()}, environment());
}

Finished JmapCyrusRun::rebuild() const {
  fs::remove(dir_ / "report.json");
  return mailpipe({"state", "rebuild", "--report", (dir_ / "report.json").string(), file()},
                  environment());
}

Finished JmapCyrusRun::status() const {
  return mailpipe({"status", "--format", "json", file()}, environment());
}

std::string JmapCyrusRun::key_of(const std::string& id) const {
  return "jmap:" + account_->account_id() + ":" + id;
}

std::string utc(std::chrono::seconds from_now) {
  const std::time_t time = std::time(nullptr) + from_now.count();
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

nlohmann::json JmapCyrusRun::report() const {
  return nlohmann::json::parse(text_of(dir_ / "report.json"));
}

std::uint64_t JmapCyrusRun::count(const char* name) const {
  return report().at("counts").at(name).get<std::uint64_t>();
}

std::uint64_t JmapCyrusRun::counter(const std::string& name) const {
  return report().at("counters").value(name, std::uint64_t{0});
}

void JmapCyrusRun::expect_well(const Finished& result) const {
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(report().at("adds_up").get<bool>()) << report().dump(2);
}

std::map<std::string, std::string> JmapCyrusRun::files() const {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(mail())) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.')) {
      out[name] = text_of(entry.path());
    }
  }
  return out;
}

std::map<std::string, std::string> JmapCyrusRun::expected() const {
  std::map<std::string, std::string> out;
  for (const JmapEmail& email : account_->emails()) {
    out[seed_name(email)] = account_->download(email.blob_id);
  }
  return out;
}

void JmapCyrusRun::expect_all_stored() const {
  const auto want = expected();
  const auto have = files();
  for (const auto& [name, octets] : want) {
    const auto found = have.find(name);
    ASSERT_NE(found, have.end()) << name << " is missing";
    EXPECT_TRUE(found->second == octets) << name << " has other octets";
  }
  EXPECT_EQ(have.size(), want.size());
}

}  // namespace mailpipe::test
