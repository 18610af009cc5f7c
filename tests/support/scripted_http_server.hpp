#pragma once

#include "support/loopback_port.hpp"
#include "support/test_certificates.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mailpipe::test {

/// One request as it came in. Header names in lower case.
struct HttpSeen {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;
  std::string body;
};

/// What the server sends for one request, to the octet.
///
/// A Reply is a value made by one of the functions below and bent by the setters; what is not bent is a correct answer
/// with a Content-Length on a connection that stays open.
struct Reply {
  enum class Ending {
    KeepOpen,
    Close,  ///< FIN after the body, or after `cut` octets of it
    Reset,  ///< RST there
    Hang,   ///< neither sends nor closes until the client goes away or the server ends
  };

  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  std::optional<std::uint64_t> declared_length;  ///< Content-Length that is not the body's
  std::optional<std::size_t> cut;                ///< octets of the body really sent
  bool chunked = false;
  bool until_close = false;  ///< no Content-Length: the end of the connection is the body's
  bool endless =
      false;  ///< the body over and over, without a Content-Length, until the client closes
  std::chrono::milliseconds delay{0};  ///< before the first octet
  std::chrono::milliseconds drip_pause{
      0};                     ///< nonzero: one octet of the body at a time, with this pause between
  std::size_t drip_from = 0;  ///< octets of the body before the dripping starts
  Ending ending = Ending::KeepOpen;
  std::string raw;  ///< sent as it is in place of all of the above but delay and ending

  static Reply json(std::string body) { return make(200, std::move(body), "application/json"); }

  static Reply blob(std::string body) { return make(200, std::move(body), "message/rfc822"); }

  static Reply error(int status, std::string body = {}) {
    return make(status, std::move(body), "application/problem+json");
  }

  static Reply redirect(int status, const std::string& to) {
    return make(status, {}, "text/plain").with("Location", to);
  }

  static Reply make(int status, std::string body, const std::string& type) {
    Reply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.headers["Content-Type"] = type;
    return reply;
  }

  Reply with(const std::string& name, const std::string& value) && {
    headers[name] = value;
    return std::move(*this);
  }

  Reply cut_after(std::size_t octets, Ending how) && {
    cut = octets;
    ending = how;
    return std::move(*this);
  }
};

/// `size` octets 'x' as gzip, about a twentieth of a percent of that on the wire.
std::string gzip_bomb(std::uint64_t size);

/// An HTTP/1.1 server on a free loopback port that does what a test tells it, right or wrong.
///
/// Life cycle  Listens from construction to destruction, which ends every connection and joins every thread.
/// Threads     One per connection; handlers run there, so what they share must be guarded. Everything else: any thread.
/// TLS         With a certificate, TLS 1.2 or 1.3 through GnuTLS; HTTP/1.1 only.
class ScriptedHttpServer {
 public:
  using Handler = std::function<Reply(const HttpSeen&)>;

  explicit ScriptedHttpServer(std::optional<Certificate> certificate = std::nullopt);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  /// Answers requests whose target starts with `prefix`; the longest prefix wins. Without any: 404.
  void on(const std::string& prefix, Handler handler);

  /// The replies one after the other; the last one again and again.
  void on(const std::string& prefix, std::vector<Reply> replies);

  std::uint16_t port() const noexcept { return port_.number(); }

  /// "http://127.0.0.1:PORT/path"; https with a certificate.
  std::string url(const std::string& path = "/", const std::string& host = "127.0.0.1") const;

  std::vector<HttpSeen> seen() const;
  std::size_t requests(const std::string& prefix = "/") const;
  void forget_requests();

  std::size_t connections() const noexcept { return connections_; }

  /// Every Authorization header that ever arrived.
  std::vector<std::string> authorizations() const;

 private:
  class Peer;

  void accept_loop();
  void serve(int fd);
  void join_ended();
  bool answer(Peer& peer, const HttpSeen& request);
  bool send_body(Peer& peer, const Reply& reply);
  Reply reply_to(const HttpSeen& request);
  bool pause(std::chrono::milliseconds time);
  void end(Peer& peer, Reply::Ending how);

  std::optional<Certificate> certificate_;
  LoopbackPort port_;
  std::atomic<std::size_t> connections_{0};
  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::map<std::string, Handler> handlers_;
  std::vector<HttpSeen> seen_;
  std::vector<int> open_;
  std::vector<std::thread> workers_;
  std::vector<std::thread::id> ended_;  ///< of the workers, still to be joined
  std::thread acceptor_;
};

}  // namespace mailpipe::test
