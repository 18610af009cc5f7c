#include "settings.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/options.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

void check_login(const Options& options) {
  const bool basic = options.has("user") || options.has("password");
  if (options.has("token") == basic) {
    throw Error(ErrorClass::Config,
                basic ? "source jmap: token and user/password are both given"
                      : "source jmap: there is no login",
                "give either token, or user and password");
  }
  if (basic && !(options.has("user") && options.has("password"))) {
    throw Error(ErrorClass::Config, "source jmap: user and password go together",
                "give both, or a token");
  }
}

void check_proxy(const Options& options) {
  if (options.text_or("proxy", "").find('@') != std::string::npos) {
    throw Error(ErrorClass::Config, "source jmap: proxy holds a user name or a password",
                "give them as proxy_user and proxy_password");
  }
  const bool login = options.has("proxy_user");
  if (login != options.has("proxy_password") || (login && !options.has("proxy"))) {
    throw Error(ErrorClass::Config,
                "source jmap: proxy_user and proxy_password go together, and with proxy",
                "give all of them, or none");
  }
}

std::uint64_t number_or(const Options& options, const char* name, std::uint64_t other) {
  return options.has(name) ? options.number(name) : other;
}

}  // namespace

Settings read_settings(const Options& options, Host& host) {
  check_login(options);
  check_proxy(options);
  Settings settings;
  settings.session_url = parse_url(options.text("session_url"), "session_url");
  if (settings.session_url.path.empty() || settings.session_url.path == "/") {
    settings.session_url = resolve_url(settings.session_url, "/.well-known/jmap", "session_url");
  }
  settings.user = options.text_or("user", "");
  settings.account = options.text_or("account", "");
  settings.allow_hosts = options.list("allow_hosts");
  settings.allow_plain_http = options.flag("allow_plain_http");
  settings.max_message_size = number_or(options, "max_message_size", 4ULL << 30);
  settings.max_in_flight = static_cast<unsigned>(number_or(options, "max_in_flight", 64));
  settings.json.octets = number_or(options, "max_answer", 64U << 20);
  settings.json.deadline = std::chrono::seconds(number_or(options, "timeout", 300));
  settings.http.connect_timeout = std::min(settings.http.connect_timeout, settings.json.deadline);
  settings.http.stall_timeout = std::min(settings.http.stall_timeout, settings.json.deadline);
  settings.http.ca_file = options.text_or("ca_file", "");
  settings.http.proxy = options.text_or("proxy", "");
  settings.http.proxy_user = options.text_or("proxy_user", "");
  settings.http.connections = settings.session_url.secure() ? 4 : 8;
  settings.http.count = [&host](std::string_view name, std::uint64_t add) {
    host.count(name, add);
  };
  return settings;
}

}  // namespace mailpipe::jmap
