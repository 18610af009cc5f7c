#include "support/dovecot_server.hpp"

#include "support/command_log.hpp"
#include "support/test_certificates.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

namespace mailpipe::testing {
namespace {

const char* const kAlways =
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE MULTIAPPEND UNSELECT CHILDREN NAMESPACE "
    "UIDPLUS "
    "LIST-EXTENDED MOVE LITERAL+ SPECIAL-USE ESEARCH SEARCHRES WITHIN BINARY";

std::string software() {
  return ServerFolder::software("DOVECOT_FOLDER", MAILPIPE_TEST_DOVECOT_FOLDER);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string settings_of(const DovecotOptions& options) {
  std::string text;
  if (!options.capabilities.empty()) {
    text += "imap_capability = " + options.capabilities + "\n";
  }
  if (!options.mail_location.empty()) {
    text += "mail_location = " + options.mail_location + "\n";
  }
  return text + options.more_settings;
}

/// The namespaces that Dovecot runs in are refused in many containers.
std::string why_not_here() {
  static const bool can =
      // NOLINTNEXTLINE(cert-env33-c): no foreign word in it
      std::system(
          "[ $(id -u) = 0 ] || root='-U --map-root-user'; "
          "unshare $root -m -- mount --bind /usr/lib /usr/lib 2>/dev/null && "
          "unshare $root -m -- unshare -U --map-user=65534 true 2>/dev/null") == 0;
  return can ? "" : "Dovecot needs a mount and a user namespace, and unshare is refused here";
}

}  // namespace

DovecotOptions DovecotOptions::without_qresync() {
  return {.capabilities = std::string(kAlways) + " CONDSTORE LIST-STATUS"};
}

DovecotOptions DovecotOptions::without_condstore() {
  return {.capabilities = std::string(kAlways) + " LIST-STATUS"};
}

DovecotOptions DovecotOptions::without_list_status() {
  return {.capabilities = std::string(kAlways) + " CONDSTORE QRESYNC"};
}

DovecotOptions DovecotOptions::plain() {
  return {.capabilities = "IMAP4rev1 LITERAL+"};
}

DovecotOptions DovecotOptions::serving(std::string location) {
  return {.mail_location = std::move(location)};
}

std::string DovecotServer::missing() {
  if (!std::filesystem::exists(software() + "/complete")) {
    return "no Dovecot in " + software() + "; tests/support/dovecot/fetch unpacks one there";
  }
  return why_not_here();
}

DovecotServer* DovecotServer::shared(const DovecotOptions& options) {
  static std::map<DovecotOptions, std::unique_ptr<DovecotServer>> servers;
  if (!missing().empty()) {
    return nullptr;
  }
  std::unique_ptr<DovecotServer>& server = servers[options];
  if (!server) {
    server = std::make_unique<DovecotServer>(options);
  }
  return server.get();
}

DovecotServer::DovecotServer(const DovecotOptions& options) : folder_("dovecot") {
  test::TestAuthority authority;
  const test::Certificate certificate = authority.leaf("localhost");
  std::filesystem::create_directory(folder() + "/tls");
  write(ca_file(), authority.root_pem());
  write(folder() + "/tls/server.pem", certificate.pem);
  write(folder() + "/tls/server.key", certificate.key_pem);
  write(folder() + "/options.conf", settings_of(options));
  folder_.start();
}

std::string DovecotServer::fresh_user() {
  std::string user = "user" + std::to_string(++users_);
  std::filesystem::create_directories(folder() + "/rawlog/" + user);
  return user;
}

std::vector<std::string> DovecotServer::commands(const std::string& user) const {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder() + "/rawlog/" + user)) {
    if (entry.path().extension() == ".in") {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> commands;
  for (const std::string& file : files) {
    append_commands(client_octets_of_rawlog(contents_of(file)), commands);
  }
  return commands;
}

}  // namespace mailpipe::testing
