#include "transport.hpp"

#include "certificate_trouble.hpp"
#include "errors.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/printable.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace mailpipe::imap {

namespace {

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0;
}

/// libcurl shakes hands for https and then leaves the connection to us; imap:// it takes through STARTTLS.
std::string url_of(const Settings& settings) {
  const char* scheme = settings.tls == Tls::Implicit   ? "https://"
                       : settings.tls == Tls::StartTls ? "imap://"
                                                       : "http://";
  const bool v6 = settings.host.find(':') != std::string::npos;
  return scheme + (v6 ? "[" + settings.host + "]" : settings.host) + ":" +
         std::to_string(settings.port) + "/";
}

/// Cyrus waits, by Nagle's algorithm, for the acknowledgement of one answer before it sends the next; the kernel delays ours
/// by 40 ms. TCP_QUICKACK does not stick.
void acknowledge(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

Error handshake_error(const std::string& where, const std::string& text) {
  // Plain words, such as "* OK ready", read as the beginning of a TLS record.
  if (text.find("unexpected TLS packet") != std::string::npos) {
    return {ErrorClass::Transient, where + ": what answers there does not speak TLS",
            "check port and tls: 993 is for implicit, 143 for starttls"};
  }
  return {ErrorClass::Transient, text,
          "run again later; if it stays so, check port and tls (993 is for implicit, 143 for "
          "starttls)"};
}

Error certificate_error(const std::string& where, const std::string& trouble) {
  return Error(ErrorClass::Config, where + ": the server's certificate " + trouble,
               trouble == "has expired"
                   ? "its owner must renew it; check this machine's clock as well"
               : trouble == "is for another name"
                   ? "use the name that the certificate is for as host"
                   : "if the server is yours and shows its own certificate, name that file as "
                     "ca_file")
      .detail("certificate", trouble);
}

}  // namespace

Transport::Transport(const Settings& settings, Host& host)
    : host_(host),
      where_(server_name(settings)),
      greets_(settings.tls != Tls::StartTls) {
  if (settings.tls == Tls::None && !settings.allow_plain && !is_loopback(settings.host)) {
    throw Error(ErrorClass::Config, where_ + ": the login would cross the network unencrypted",
                "set tls: implicit or starttls, or allow_plain: true if the network is safe");
  }
  if (settings.host.find_first_of("/@?#\\ \r\n") != std::string::npos) {
    throw Error(ErrorClass::Config, where_ + ": this is no host name", "see the option host");
  }
  easy_.set(CURLOPT_URL, url_of(settings).c_str());
  easy_.set(CURLOPT_CONNECT_ONLY, 1L);
  easy_.set(CURLOPT_NOSIGNAL, 1L);
  easy_.set(CURLOPT_PROTOCOLS_STR, "http,https,imap");
  easy_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  easy_.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  easy_.set(CURLOPT_TCP_NODELAY, 1L);
  easy_.set(CURLOPT_TCP_KEEPALIVE, 1L);
  easy_.set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.timeout.count()));
  easy_.set(CURLOPT_TIMEOUT, static_cast<long>(settings.timeout.count()));  // of connecting
  // The environment's proxies are for the web; one of them would see a mail login's host and port.
  easy_.set(CURLOPT_PROXY, settings.proxy.c_str());
  if (!settings.proxy_user.empty()) {
    easy_.set(CURLOPT_PROXYUSERNAME, settings.proxy_user.c_str());
    easy_.set(CURLOPT_PROXYPASSWORD, host.secret("/proxy_password").c_str());
  }
  easy_.set(CURLOPT_HTTPPROXYTUNNEL, settings.proxy.empty() ? 0L : 1L);
  easy_.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  easy_.set(CURLOPT_NOPROGRESS, 0L);
  easy_.set(CURLOPT_XFERINFOFUNCTION, &Transport::on_progress);
  easy_.set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  if (settings.tls == Tls::StartTls) {
    easy_.set(CURLOPT_VERBOSE, 1L);
    easy_.set(CURLOPT_DEBUGFUNCTION, &Transport::on_debug);
    easy_.set(CURLOPT_DEBUGDATA, static_cast<void*>(this));
  }
  set_security(settings);
  connect();
}

void Transport::set_security(const Settings& settings) {
  easy_.set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  easy_.set(CURLOPT_SSL_ENABLE_ALPN, 0L);
  easy_.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  easy_.set(CURLOPT_CERTINFO, 1L);  // to say why a certificate was refused
  trust(easy_, settings.ca_file);
  if (!settings.pins.empty()) {
    std::string pins;
    for (const std::string& pin : settings.pins) {
      pins += (pins.empty() ? "" : ";") + pin;
    }
    easy_.set(CURLOPT_PINNEDPUBLICKEY, pins.c_str());
  }
  if (!settings.client_certificate.empty()) {
    easy_.set(CURLOPT_SSLCERT, settings.client_certificate.c_str());
    easy_.set(CURLOPT_SSLKEY, settings.client_key.empty() ? settings.client_certificate.c_str()
                                                          : settings.client_key.c_str());
  }
}

void Transport::connect() {
  const CURLcode code = curl_easy_perform(easy_.get());
  if (code != CURLE_OK) {
    throw failure(code);
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK ||
      socket == CURL_SOCKET_BAD) {
    throw Error(ErrorClass::Transient, where_ + ": the connection was lost at once", kLaterHint);
  }
  socket_ = socket;
  acknowledge(socket_);
}

Error Transport::failure(CURLcode code) const {
  const char* words = *easy_.error_text() != '\0' ? easy_.error_text() : curl_easy_strerror(code);
  const std::string text = where_ + ": " + printable(words, 300);
  long proxy_said = 0;
  if (curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_said) == CURLE_OK &&
      proxy_said == 407) {
    return {ErrorClass::Auth, where_ + ": the proxy refuses the login",
            "check proxy_user and proxy_password"};
  }
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return {ErrorClass::Cancelled, where_ + ": stopped while connecting"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return certificate_error(where_, certificate_trouble(easy_));
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {ErrorClass::Config, where_ + ": the server's key is none of the pinned ones",
              "somebody may be in between; if the server's key was changed on purpose, pin the new "
              "one"};
    case CURLE_USE_SSL_FAILED:
      if (preauth_) {
        return {ErrorClass::Config,
                where_ + ": the server says that we are logged in before the connection is secure",
                "somebody may be in between; use tls: implicit"};
      }
      return {ErrorClass::Config, where_ + ": the server offers no STARTTLS",
              "somebody may be in between, or use tls: implicit (port 993)"};
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return {ErrorClass::Config, text, "see ca_file, client_certificate and client_key"};
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorClass::Config, text, "see host, port and proxy"};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorClass::Transient, text, "check host and this machine's network"};
    case CURLE_COULDNT_CONNECT:
      return {ErrorClass::Transient, text,
              "check host and port; if they are right, run again later, nothing is lost"};
    case CURLE_SSL_CONNECT_ERROR:
      return handshake_error(where_, text);
    case CURLE_OUT_OF_MEMORY:
      return {ErrorClass::Internal, text};
    default:
      break;
  }
  if (last_line_.rfind("* BYE", 0) == 0) {
    return bye_error(last_line_.substr(5), where_);
  }
  if (code == CURLE_OPERATION_TIMEDOUT && !greets_ && last_line_.empty()) {
    return {ErrorClass::Transient, where_ + ": the server does not greet us",
            "check port and tls: 143 is for starttls; at 993, for implicit, it waits for us"};
  }
  return {ErrorClass::Transient, text, kLaterHint};
}

std::size_t Transport::receive(char* to, std::size_t most) {
  std::size_t got = 0;
  const CURLcode code = curl_easy_recv(easy_.get(), to, most, &got);
  if (code == CURLE_AGAIN) {
    return 0;
  }
  if (code != CURLE_OK) {
    throw Error(ErrorClass::Transient,
                where_ + ": the connection broke: " + curl_easy_strerror(code), kLaterHint);
  }
  if (got == 0) {
    throw Error(ErrorClass::Transient, where_ + ": the server closed the connection", kLaterHint);
  }
  acknowledge(socket_);
  return got;
}

std::size_t Transport::send(std::string_view octets) {
  std::size_t sent = 0;
  const CURLcode code = curl_easy_send(easy_.get(), octets.data(), octets.size(), &sent);
  if (code == CURLE_AGAIN) {
    return 0;
  }
  if (code != CURLE_OK) {
    throw Error(ErrorClass::Transient,
                where_ + ": the connection broke: " + curl_easy_strerror(code), kLaterHint);
  }
  return sent;
}

int Transport::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<Transport*>(self)->host_.cancelled() == Cancel::Abort ? 1 : 0;
}

int Transport::on_debug(CURL*, curl_infotype type, char* data, std::size_t size,
                        void* self) noexcept {
  if (type == CURLINFO_HEADER_IN) {
    auto& transport = *static_cast<Transport*>(self);
    std::string& line = transport.last_line_;
    line.assign(data, std::min<std::size_t>(size, 500));
    line.erase(line.find_last_not_of("\r\n") + 1);
    transport.preauth_ = transport.preauth_ || line.rfind("* PREAUTH", 0) == 0;
  }
  return 0;
}

}  // namespace mailpipe::imap
