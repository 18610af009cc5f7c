#include "support/cyrus_server.hpp"

#include "support/line_client.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace mailpipe::testing {
namespace {

std::string script() {
  return std::string(MAILPIPE_TEST_SUPPORT_FOLDER) + "/cyrus/server";
}

std::string software() {
  const char* chosen = std::getenv("CYRUS_FOLDER");
  return chosen != nullptr ? chosen : MAILPIPE_TEST_CYRUS_FOLDER;
}

/// In memory where there is room: Cyrus syncs every message, and filling it took thirty times as long on a disk.
std::string make_folder() {
  constexpr std::uintmax_t kRoom = std::uintmax_t{2} << 30U;
  std::filesystem::path parent = "/dev/shm";
  std::error_code failure;
  const std::filesystem::space_info space = std::filesystem::space(parent, failure);
  if (failure || space.available < kRoom) {
    parent = std::filesystem::temp_directory_path();
  }
  std::string pattern = (parent / "mailpipe-cyrus-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no temporary folder for Cyrus");
  }
  return pattern;
}

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Runs the server script; throws with its words if it fails.
void run_script(const std::string& folder, const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {script(), folder};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);

  const std::string log = folder + "/script.log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure != 0 || ::waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error(arguments.front() + " of the test Cyrus failed: " + contents(log));
  }
}

/// One LMTP exchange (RFC 2033): sends, then wants a reply of that class ("2" or "3").
void exchange(LineClient& lmtp, const std::string& command, char reply_class) {
  lmtp.send(command + "\r\n");
  std::string reply = lmtp.read_line();
  while (reply.size() > 3 && reply[3] == '-') {
    reply = lmtp.read_line();
  }
  if (reply.empty() || reply[0] != reply_class) {
    throw std::runtime_error("LMTP: " + command.substr(0, 40) + ": " + reply);
  }
}

std::string dot_stuffed(std::string_view message) {
  std::string out;
  out.reserve(message.size() + 64);
  bool at_start = true;
  for (const char octet : message) {
    if (at_start && octet == '.') {
      out += '.';
    }
    out += octet;
    at_start = octet == '\n';
  }
  if (!out.ends_with("\r\n")) {
    out += "\r\n";
  }
  return out;
}

}  // namespace

std::string CyrusServer::missing() {
  if (std::filesystem::exists(software() + "/complete")) {
    return {};
  }
  return "no Cyrus in " + software() + "; tests/support/cyrus/fetch unpacks one there";
}

CyrusServer* CyrusServer::shared() {
  static const std::unique_ptr<CyrusServer> server =
      missing().empty() ? std::make_unique<CyrusServer>() : nullptr;
  return server.get();
}

CyrusServer::CyrusServer() : folder_(make_folder()), owner_(::getpid()) {
  ::setenv("CYRUS_FOLDER", software().c_str(), 1);
  run_script(folder_, {"start", std::to_string(owner_)});
}

CyrusServer::~CyrusServer() {
  if (::getpid() != owner_) {
    return;  // a forked child that exits must not take its parent's server along
  }
  try {
    run_script(folder_, {"stop"});
    std::filesystem::remove_all(folder_);
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
  }
}

int CyrusServer::port(const std::string& name) const {
  std::ifstream ports(folder_ + "/ports.env");
  for (std::string line; std::getline(ports, line);) {
    if (line.starts_with(name + "=")) {
      return std::stoi(line.substr(name.size() + 1));
    }
  }
  throw std::runtime_error("the test Cyrus has no " + name);
}

std::string CyrusServer::http_url() const {
  return "http://127.0.0.1:" + std::to_string(http_port());
}

std::string CyrusServer::https_url() const {
  return "https://localhost:" + std::to_string(https_port());
}

std::string CyrusServer::fresh_user() {
  std::string user = "user" + std::to_string(++users_);
  run_script(folder_, {"add-user", user});
  LineClient imap(imap_port());  // the first IMAP login makes the mailboxes
  imap.send("a LOGIN " + user + " " + password() + "\r\n");
  imap.read_until("a OK", "a ");
  imap.send("b LOGOUT\r\n");
  imap.read_until("b OK", "b ");
  return user;
}

void CyrusServer::deliver(const std::string& user, std::string_view message) const {
  LineClient lmtp(lmtp_port());
  lmtp.read_until("220", "4");
  exchange(lmtp, "LHLO localhost", '2');
  exchange(lmtp, "MAIL FROM:<sender@example.org>", '2');
  exchange(lmtp, "RCPT TO:<" + user + ">", '2');
  exchange(lmtp, "DATA", '3');
  exchange(lmtp, dot_stuffed(message) + ".", '2');
  exchange(lmtp, "QUIT", '2');
}

void CyrusTest::SetUp() {
  const std::string why = CyrusServer::missing();
  if (why.empty()) {
    ASSERT_NE(CyrusServer::shared(), nullptr);
    return;
  }
  if (std::getenv("CI") != nullptr) {
    FAIL() << why;
  }
  std::cerr << "\n*** SKIPPED, NOT TESTED: " << why << "\n\n";
  GTEST_SKIP() << why;
}

}  // namespace mailpipe::testing
