#include "support/cyrus_server.hpp"

#include "support/command_log.hpp"
#include "support/line_client.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>

namespace mailpipe::testing {
namespace {

std::string software() {
  return ServerFolder::software("CYRUS_FOLDER", MAILPIPE_TEST_CYRUS_FOLDER);
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

CyrusServer::CyrusServer() : folder_("cyrus") {
  folder_.start();
}

std::string CyrusServer::http_url() const {
  return "http://127.0.0.1:" + std::to_string(http_port());
}

std::string CyrusServer::https_url() const {
  return "https://localhost:" + std::to_string(https_port());
}

std::string CyrusServer::fresh_user() {
  std::string user = "user" + std::to_string(++users_);
  folder_.run({"add-user", user});
  LineClient imap(imap_port());  // the first IMAP login makes the mailboxes
  imap.send("a LOGIN " + user + " " + password() + "\r\n");
  imap.read_until("a OK", "a ");
  imap.send("b LOGOUT\r\n");
  imap.read_until("b OK", "b ");
  // imapd writes what it receives and sends into a folder of the user's name, and runs as nobody when we are root.
  const std::filesystem::path log = folder() + "/conf/log/" + user;
  std::filesystem::create_directories(log);
  std::filesystem::permissions(log, std::filesystem::perms::all);
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

std::vector<std::string> CyrusServer::commands(const std::string& user) const {
  std::vector<std::string> commands;
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/conf/log/" + user)) {
    if (entry.path().filename().string().starts_with("imap-")) {
      for (const std::string& octets :
           client_octets_of_telemetry(contents_of(entry.path().string()))) {
        append_commands(octets, commands);
      }
    }
  }
  return commands;
}

void CyrusTest::SetUp() {
  need_server(CyrusServer::missing());
}

}  // namespace mailpipe::testing
