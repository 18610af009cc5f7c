#include "settings.hpp"

#include "provider.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>

#include <algorithm>

namespace mailpipe::imap {

namespace {

Error config_error(const std::string& what, const std::string& hint) {
  return {ErrorClass::Config, "source imap: " + what, hint};
}

std::uint64_t number_or(const Options& options, const char* name, std::uint64_t other) {
  return options.has(name) ? options.number(name) : other;
}

/// The options below one key.
Options below(const Options& options, const char* name) {
  return Options(options.has(name) ? options.json().at(name).dump() : "{}");
}

Tls read_tls(const Options& options) {
  const std::string word = options.text_or("tls", "implicit");
  return word == "starttls" ? Tls::StartTls : word == "none" ? Tls::None : Tls::Implicit;
}

AuthKind read_auth(const Options& options) {
  const std::string word = options.text_or("auth", "auto");
  return word == "login"         ? AuthKind::Login
         : word == "plain"       ? AuthKind::Plain
         : word == "xoauth2"     ? AuthKind::XOAuth2
         : word == "oauthbearer" ? AuthKind::OAuthBearer
                                 : AuthKind::Auto;
}

void check_login(const Options& options, AuthKind auth) {
  const bool token = options.has("token");
  if (token == options.has("password")) {
    throw config_error(token ? "token and password are both given" : "there is no login",
                       "give either password, or token");
  }
  const bool for_tokens = auth == AuthKind::XOAuth2 || auth == AuthKind::OAuthBearer;
  if (auth != AuthKind::Auto && token != for_tokens) {
    throw config_error(
        "auth: " + options.text("auth") + " does not go with a " + (token ? "token" : "password"),
        "leave auth out: it follows from password or token");
  }
}

void check_tls(const Options& options, Tls tls) {
  if (options.has("client_certificate") != options.has("client_key")) {
    throw config_error("client_certificate and client_key go together", "give both, or none");
  }
  if (tls == Tls::None && (options.has("ca_file") || options.has("pinned_key"))) {
    throw config_error("ca_file and pinned_key have no use with tls: none",
                       "use tls: implicit or starttls");
  }
}

void check_proxy(const Options& options) {
  if (options.text_or("proxy", "").find('@') != std::string::npos) {
    throw config_error("proxy holds a user name or a password",
                       "give them as proxy_user and proxy_password");
  }
  const bool login = options.has("proxy_user");
  if (login != options.has("proxy_password") || (login && !options.has("proxy"))) {
    throw config_error("proxy_user and proxy_password go together, and with proxy",
                       "give all of them, or none");
  }
}

void read_rate(const Options& options, Settings& settings) {
  const Provider provider = provider_of(settings.host);
  const Options rate = below(options, "rate");
  settings.view_limit = provider.view_limit;
  settings.rate.bytes_per_second = number_or(rate, "bytes_per_second", 0);
  settings.rate.bytes_per_day = number_or(rate, "bytes_per_day", provider.bytes_per_day);
  settings.rate.messages_per_second =
      static_cast<std::uint32_t>(number_or(rate, "messages_per_second", 0));
  settings.rate.connections =
      static_cast<unsigned>(number_or(rate, "connections", provider.connections));
  settings.connections = static_cast<unsigned>(number_or(options, "connections", 3));
  if (settings.rate.connections != 0) {
    settings.connections = std::min(settings.connections, settings.rate.connections);
  }
}

}  // namespace

Settings read_settings(const Options& options, Host& /*host*/) {
  Settings settings;
  settings.host = options.text("host");
  settings.tls = read_tls(options);
  settings.port = static_cast<std::uint16_t>(
      number_or(options, "port", settings.tls == Tls::Implicit ? 993 : 143));
  settings.allow_plain = options.flag("allow_plain");
  settings.ca_file = options.text_or("ca_file", "");
  settings.pins = options.list("pinned_key");
  settings.client_certificate = options.text_or("client_certificate", "");
  settings.client_key = options.text_or("client_key", "");
  settings.proxy = options.text_or("proxy", "");
  settings.proxy_user = options.text_or("proxy_user", "");
  settings.timeout = std::chrono::seconds(number_or(options, "timeout", 60));
  check_tls(options, settings.tls);
  check_proxy(options);

  settings.user = options.text("user");
  settings.auth = read_auth(options);
  settings.token = options.has("token");
  check_login(options, settings.auth);

  const Options mailboxes = below(options, "mailboxes");
  settings.include = mailboxes.list("include");
  settings.exclude = mailboxes.list("exclude");
  settings.subscribed_only = mailboxes.flag("subscribed_only");
  settings.flags =
      options.text_or("flags", "each_run") == "never" ? FlagScan::Never : FlagScan::EachRun;
  settings.gmail =
      options.text_or("gmail", "all_mail") == "folders" ? GmailMode::Folders : GmailMode::AllMail;
  settings.max_message_size = number_or(options, "max_message_size", 4ULL << 30U);
  read_rate(options, settings);
  return settings;
}

}  // namespace mailpipe::imap
