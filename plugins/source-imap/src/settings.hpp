#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace mailpipe {
class Options;
class Host;
}  // namespace mailpipe

namespace mailpipe::imap {

enum class Tls : std::uint8_t { Implicit, StartTls, None };
enum class AuthKind : std::uint8_t { Auto, Login, Plain, XOAuth2, OAuthBearer };
enum class FlagScan : std::uint8_t { EachRun, Never };
enum class GmailMode : std::uint8_t { AllMail, Folders };

/// At most so much of each; 0: no cap of ours.
struct RateCaps {
  std::uint64_t bytes_per_second = 0, bytes_per_day = 0;
  std::uint32_t messages_per_second = 0;
  unsigned connections = 0;
};

/// The options of the manifest, as they are used.
struct Settings {
  // ---- the server
  std::string host;
  std::uint16_t port = 993;
  Tls tls = Tls::Implicit;
  bool allow_plain =
      false;            ///< a login may cross the network unencrypted; to loopback it always may
  std::string ca_file;  ///< PEM, in place of the system's; empty: the system's
  std::vector<std::string> pins;  ///< "sha256//<base64>" of public keys (curl's form); empty: none
  std::string client_certificate, client_key;  ///< PEM files, or empty
  std::string proxy;
  std::string proxy_user;            ///< empty: no login there
  std::chrono::seconds timeout{60};  ///< silence of the server while it owes an answer

  // ---- the login
  std::string user;
  bool token = false;  ///< the option `token` is given, not `password`
  AuthKind auth = AuthKind::Auto;

  // ---- what is copied
  std::vector<std::string> include, exclude;  ///< globs on decoded names, or "\role"
  bool subscribed_only = false;
  FlagScan flags = FlagScan::EachRun;
  GmailMode gmail = GmailMode::AllMail;
  std::uint64_t max_message_size = 0;
  unsigned connections =
      3;  ///< that fetch; capped by the rate and by what is known of the provider
  RateCaps rate;
  std::uint64_t view_limit =
      0;  ///< the server shows no more messages of a mailbox than that; 0: all
};

/// Throws Error (Config) where options contradict each other.
Settings read_settings(const Options& options, Host& host);

}  // namespace mailpipe::imap
