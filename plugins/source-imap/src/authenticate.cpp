#include "authenticate.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <utility>

namespace mailpipe::imap {

namespace {

std::string offered_ways(const Capabilities& offered) {
  std::string ways;
  for (const std::string& word : offered.words()) {
    if (word.rfind("AUTH=", 0) == 0) {
      ways += " " + printable(word.substr(5), 40);
    }
  }
  if (!offered.has("LOGINDISABLED")) {
    ways += " LOGIN";
  }
  return ways.empty() ? " nothing" : ways;
}

AuthKind best_of(const Login& login, const Capabilities& offered) {
  if (login.is_token) {
    return offered.has("AUTH=OAUTHBEARER") ? AuthKind::OAuthBearer : AuthKind::XOAuth2;
  }
  return offered.has("AUTH=PLAIN") ? AuthKind::Plain : AuthKind::Login;
}

bool is_offered(AuthKind kind, const Capabilities& offered) {
  switch (kind) {
    case AuthKind::Login:
      return !offered.has("LOGINDISABLED");
    case AuthKind::Plain:
      return offered.has("AUTH=PLAIN");
    case AuthKind::XOAuth2:
      return offered.has("AUTH=XOAUTH2");
    case AuthKind::OAuthBearer:
      return offered.has("AUTH=OAUTHBEARER");
    case AuthKind::Auto:
      break;
  }
  return false;
}

const char* name_of(AuthKind kind) {
  switch (kind) {
    case AuthKind::Plain:
      return "PLAIN";
    case AuthKind::XOAuth2:
      return "XOAUTH2";
    case AuthKind::OAuthBearer:
      return "OAUTHBEARER";
    default:
      return "LOGIN";
  }
}

/// RFC 5801: '=' and ',' have a meaning in the GS2 header.
std::string sasl_name(std::string_view user) {
  std::string out;
  for (const char c : user) {
    out += c == ',' ? "=2C" : c == '=' ? "=3D" : std::string(1, c);
  }
  return out;
}

std::string initial_response(AuthKind kind, const Settings& settings, const Login& login) {
  using std::string_literals::operator""s;
  switch (kind) {
    case AuthKind::Plain:  // RFC 4616
      return "\0"s + login.user + "\0"s + login.secret;
    case AuthKind::XOAuth2:
      return "user=" + login.user + "\1auth=Bearer " + login.secret + "\1\1";
    default:  // RFC 7628
      return "n,a=" + sasl_name(login.user) + ",\1host=" + settings.host +
             "\1port=" + std::to_string(settings.port) + "\1auth=Bearer " + login.secret + "\1\1";
  }
}

}  // namespace

std::string base64(std::string_view octets) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const auto octet = [&](std::size_t at) {
      return at < octets.size() ? static_cast<unsigned char>(octets[at]) : 0U;
    };
    const unsigned group = (octet(i) << 16U) | (octet(i + 1) << 8U) | octet(i + 2);
    out += kDigits[group >> 18U];
    out += kDigits[(group >> 12U) & 63U];
    out += i + 1 < octets.size() ? kDigits[(group >> 6U) & 63U] : '=';
    out += i + 2 < octets.size() ? kDigits[group & 63U] : '=';
  }
  return out;
}

Authentication authentication(const Settings& settings, const Login& login,
                              const Capabilities& offered, const std::string& where) {
  const AuthKind kind = settings.auth == AuthKind::Auto ? best_of(login, offered) : settings.auth;
  if (!is_offered(kind, offered)) {
    throw Error(ErrorClass::Config,
                where + ": the server offers no login by " + name_of(kind) + " here, but" +
                    offered_ways(offered),
                settings.tls == Tls::None ? "set tls: implicit or starttls"
                                          : "see auth, password and token");
  }
  if (kind == AuthKind::Login) {
    return {Command("LOGIN").secret(login.user).secret(login.secret), {}};
  }
  const std::string first = base64(initial_response(kind, settings, login));
  const bool at_once = offered.has("SASL-IR");
  const Command command(std::string("AUTHENTICATE ") + name_of(kind) +
                        (at_once ? " " + first : std::string()));
  // A second "+" brings the reason of a refusal, which wants an answer before the NO comes: an empty one, or ^A (RFC 7628
  // section 3.2.3).
  return {command, [first, kind, sent = at_once](std::string_view) mutable {
            const bool again = std::exchange(sent, true);
            return !again ? std::string(first) : kind == AuthKind::OAuthBearer ? "AQ==" : "";
          }};
}

}  // namespace mailpipe::imap
