#pragma once

#include "host_policy.hpp"
#include "login_keeper.hpp"
#include "plain_sockets.hpp"
#include "url.hpp"

#include <mailpipe/c_ptr.hpp>
#include <mailpipe/error.hpp>

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::jmap {

struct HttpSettings {
  std::string ca_file;     ///< empty: the system's
  std::string proxy;       ///< empty: as the environment says
  std::string proxy_user;  ///< empty: no login
  std::string proxy_password;
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{60};  ///< without progress
  unsigned connections = 4;                ///< to one host
  unsigned streams = 16;                   ///< HTTP/2: requests at once on one connection
  std::function<void(std::string_view, std::uint64_t)> count;  ///< "http_requests", "connections"
};

struct HttpRequest {
  Url url;
  std::optional<std::string> json;  ///< POST this; else GET
  bool compressed = false;          ///< accept a compressed answer; for JSON only
  std::uint64_t limit = 0;  ///< octets of body (decompressed) beyond which the transfer is given up
  std::chrono::seconds deadline{0};  ///< for all of it; zero: only the stall timeout
  std::shared_ptr<const Login> login;
};

/// How a transfer ended. Whether that is a failure: failure_of() in http_error.hpp.
struct HttpReply {
  Url url;  ///< the last one, after redirects
  CURLcode transport = CURLE_OK;
  std::string transport_text;
  std::string certificate_trouble;  ///< "has expired", ... when the certificate was refused
  long status = 0;
  std::string content_type;
  std::string retry_after;  ///< the header as sent
  std::string problem;      ///< body of a status >= 400, at most 64 KiB
  bool encoded = false;     ///< came with a Content-Encoding that libcurl did not take off
  bool too_long = false;    ///< given up because of HttpRequest::limit
  std::uint64_t received = 0;
  unsigned login_generation = 0;

  bool ok() const noexcept {
    return transport == CURLE_OK && status >= 200 && status < 300 && !too_long;
  }
};

/// Takes what comes for one request. Borrowed by the client from start() until finished() was called.
class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;

  /// Octets of a 2xx body. An exception gives the transfer up and comes out of HttpClient::step().
  virtual void data(std::string_view octets) = 0;

  /// The last call. May start other transfers.
  virtual void finished(const HttpReply& reply) = 0;
};

/// Many HTTP transfers on one thread: HTTP/2 multiplexed over few connections, else HTTP/1.1 with keep-alive.
///
/// Never follows a redirect by itself: each hop (three at most) passes the HostPolicy before anything is sent there. Never
/// retries. Sends the login with every request.
///
/// Threads    One at a time.
/// Ownership  The policy outlives the client. Destruction gives up what is in flight, without calling finished().
/// Errors     step() throws what a receiver threw, and Internal. How a transfer ended is in its HttpReply.
class HttpClient {
 public:
  HttpClient(HttpSettings settings, const HostPolicy& policy);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Throws Error (Config) if the policy forbids the URL.
  void start(HttpRequest request, HttpReceiver& receiver);

  /// Works until something happened, one of `fds` is readable, or the time is over.
  void step(std::chrono::milliseconds timeout, const std::vector<int>& fds);

  std::size_t in_flight() const noexcept { return transfers_.size(); }

  /// Whether the server speaks HTTP/2, as far as known by now.
  bool multiplexed() const noexcept { return multiplexed_; }

  /// Gives up everything in flight, without calling finished().
  void give_up();

 private:
  class Transfer;

  void finish(CURL* handle, CURLcode code);
  void learn_version(CURL* handle);
  void count(std::string_view name, std::uint64_t add) const;

  HttpSettings settings_;
  const HostPolicy& policy_;
  PlainSockets sockets_;  // before multi_, which closes the last of them
  CPtr<CURLM, curl_multi_cleanup> multi_;
  std::vector<std::unique_ptr<Transfer>> idle_;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers_;  // after multi_: removed from it first
  bool multiplexed_ = false;
};

}  // namespace mailpipe::jmap
