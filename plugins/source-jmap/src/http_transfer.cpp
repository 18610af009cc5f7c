#include "http_transfer.hpp"

#include "certificate_trouble.hpp"

#include <algorithm>

namespace mailpipe::jmap {

namespace {

constexpr std::size_t kHeaderLimit = 256U * 1024U;
constexpr std::size_t kProblemLimit = 64U * 1024U;
constexpr long kSlowestOctetsPerSecond = 16;

/// The value if the line is that header; names are case-insensitive.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') {
    return std::nullopt;
  }
  const bool same = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
  });
  if (!same) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  const std::size_t from = line.find_first_not_of(" \t");
  const std::size_t to = line.find_last_not_of(" \t\r\n");
  return from == std::string_view::npos || from > to ? std::string_view()
                                                     : line.substr(from, to - from + 1);
}

}  // namespace

void HttpClient::Transfer::prepare(HttpRequest request, HttpReceiver& receiver,
                                   const HttpSettings& settings, PlainSockets& sockets) {
  request_ = std::move(request);
  receiver_ = &receiver;
  hops_ = 0;
  forget_answer();
  easy_.reset();
  set_transport(settings, sockets);
  set_request();
}

void HttpClient::Transfer::set_transport(const HttpSettings& settings, PlainSockets& sockets) {
  easy_.set(CURLOPT_NOSIGNAL, 1L);
  easy_.set(CURLOPT_PROTOCOLS_STR, "http,https");
  easy_.set(CURLOPT_FOLLOWLOCATION, 0L);
  easy_.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  easy_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  easy_.set(CURLOPT_PIPEWAIT, 1L);
  easy_.set(CURLOPT_TCP_NODELAY, 1L);
  easy_.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  easy_.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  easy_.set(CURLOPT_CERTINFO, 1L);  // to say why a certificate was refused
  easy_.set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings.connect_timeout.count()));
  easy_.set(CURLOPT_LOW_SPEED_LIMIT, kSlowestOctetsPerSecond);
  easy_.set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.stall_timeout.count()));
  easy_.set(CURLOPT_USERAGENT, "mailpipe/0.1 (source-jmap)");
  trust(easy_, settings.ca_file);
  if (!settings.proxy.empty()) {
    easy_.set(CURLOPT_PROXY, settings.proxy.c_str());
    if (!settings.proxy_user.empty()) {
      easy_.set(CURLOPT_PROXYUSERNAME, settings.proxy_user.c_str());
      easy_.set(CURLOPT_PROXYPASSWORD, settings.proxy_password.c_str());
    }
  } else if (is_loopback(request_.url.host)) {
    easy_.set(CURLOPT_NOPROXY, "*");
  }
  if (!request_.url.secure()) {
    easy_.set(CURLOPT_OPENSOCKETFUNCTION, &PlainSockets::on_open);
    easy_.set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&sockets));
    easy_.set(CURLOPT_CLOSESOCKETFUNCTION, &PlainSockets::on_close);
    easy_.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&sockets));
  }
  easy_.set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  easy_.set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  easy_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  easy_.set(CURLOPT_PRIVATE, static_cast<void*>(this));
}

void HttpClient::Transfer::set_request() {
  easy_.set(CURLOPT_URL, request_.url.text.c_str());
  easy_.set(CURLOPT_TIMEOUT, static_cast<long>(request_.deadline.count()));
  if (request_.compressed) {
    easy_.set(CURLOPT_ACCEPT_ENCODING, "");
    easy_.add_header("Accept: application/json");
  } else {
    easy_.add_header("Accept-Encoding: identity");  // the message's octets, as they are
  }
  if (request_.json) {
    easy_.add_header("Content-Type: application/json");
    easy_.add_header("Expect:");  // no waiting for 100-continue
    easy_.set(CURLOPT_POST, 1L);
    easy_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.json->size()));
    easy_.set(CURLOPT_POSTFIELDS, request_.json->c_str());  // not copied: request_ lives on
  }
  easy_.use_headers();
  if (!request_.login) {
    return;
  }
  reply_.login_generation = request_.login->generation;
  if (request_.login->user.empty()) {
    easy_.set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    easy_.set(CURLOPT_XOAUTH2_BEARER, request_.login->secret.c_str());
  } else {
    easy_.set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    easy_.set(CURLOPT_USERNAME, request_.login->user.c_str());
    easy_.set(CURLOPT_PASSWORD, request_.login->secret.c_str());
  }
}

void HttpClient::Transfer::forget_answer() {
  reply_ = HttpReply{};
  reply_.url = request_.url;
  reply_.login_generation = request_.login ? request_.login->generation : 0;
  thrown_ = nullptr;
  location_.clear();
  header_octets_ = 0;
  headers_ended_ = false;
}

void HttpClient::Transfer::redirect_to(Url url) {
  ++hops_;
  request_.url = std::move(url);
  forget_answer();
  easy_.set(CURLOPT_URL, request_.url.text.c_str());
}

void HttpClient::Transfer::conclude(CURLcode code) {
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &reply_.status);
  reply_.transport = code;
  if (code == CURLE_OK && !headers_ended_) {  // libcurl takes that for an answer without a body
    reply_.transport = CURLE_GOT_NOTHING;
    reply_.transport_text = "the connection ended within the headers of the answer";
    return;
  }
  if (code == CURLE_OK) {
    return;
  }
  const bool enough = code == CURLE_WRITE_ERROR && reply_.problem.size() >= kProblemLimit;
  if (enough) {
    reply_.transport = CURLE_OK;  // the rest of an endless error page is nothing to wait for
    return;
  }
  reply_.transport_text =
      *easy_.error_text() != '\0' ? easy_.error_text() : curl_easy_strerror(code);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR) {
    reply_.certificate_trouble = mailpipe::certificate_trouble(easy_);
  }
}

std::size_t HttpClient::Transfer::on_header(char* data, std::size_t size, std::size_t count,
                                            void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t octets = size * count;
  transfer.header_octets_ += octets;
  if (transfer.header_octets_ > kHeaderLimit) {
    transfer.reply_.too_long = true;
    return 0;
  }
  try {
    transfer.header_line({data, octets});
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return 0;
  }
  return octets;
}

void HttpClient::Transfer::header_line(std::string_view line) {
  if (line.rfind("HTTP/", 0) == 0) {  // a new answer: after 100 Continue, for one
    location_.clear();
    reply_.retry_after.clear();
    reply_.encoded = false;
    headers_ended_ = false;
    return;
  }
  headers_ended_ = headers_ended_ || line == "\r\n" || line == "\n";
  if (const auto type = value_of(line, "content-type")) {
    reply_.content_type = *type;
  } else if (const auto wait = value_of(line, "retry-after")) {
    reply_.retry_after = *wait;
  } else if (const auto target = value_of(line, "location")) {
    location_ = *target;
  } else if (const auto coding = value_of(line, "content-encoding")) {
    reply_.encoded = !request_.compressed && !coding->empty() && *coding != "identity";
  }
}

std::size_t HttpClient::Transfer::on_body(char* data, std::size_t size, std::size_t count,
                                          void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.body({data, size * count}) ? size * count : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.thrown_ = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

bool HttpClient::Transfer::body(std::string_view octets) {
  long status = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status >= 300) {
    reply_.problem += octets.substr(0, kProblemLimit - reply_.problem.size());
    return reply_.problem.size() < kProblemLimit;
  }
  reply_.received += octets.size();
  if (reply_.received > request_.limit) {
    reply_.too_long = true;
    return false;
  }
  receiver_->data(octets);
  return true;
}

}  // namespace mailpipe::jmap
