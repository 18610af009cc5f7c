#include "support/scripted_http_server.hpp"

#include <mailpipe/c_ptr.hpp>

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mailpipe::test {

namespace {

using TlsSession = CPtr<std::remove_pointer_t<gnutls_session_t>, gnutls_deinit>;
using TlsKeys = CPtr<std::remove_pointer_t<gnutls_certificate_credentials_t>,
                     gnutls_certificate_free_credentials>;

gnutls_datum_t datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

std::string hex(std::size_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%zx", number);
  return text;
}

}  // namespace

/// One connection: octets in and out, plain or TLS.
class ScriptedHttpServer::Peer {
 public:
  Peer(int fd, const std::optional<Certificate>& certificate) : fd_(fd) {
    if (!certificate) {
      return;
    }
    gnutls_certificate_credentials_t keys = nullptr;
    gnutls_certificate_allocate_credentials(&keys);
    keys_.reset(keys);
    const gnutls_datum_t pem = datum(certificate->pem);
    const gnutls_datum_t key = datum(certificate->key_pem);
    if (gnutls_certificate_set_x509_key_mem(keys, &pem, &key, GNUTLS_X509_FMT_PEM) < 0) {
      throw std::runtime_error("the test certificate cannot be used");
    }
    gnutls_session_t session = nullptr;
    gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
    session_.reset(session);
    gnutls_set_default_priority(session);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, keys);
    gnutls_transport_set_int(session, fd);
  }

  bool handshake() {
    if (!session_) {
      return true;
    }
    int code = 0;
    do {
      code = gnutls_handshake(session_.get());
    } while (code < 0 && gnutls_error_is_fatal(code) == 0);
    return code >= 0;
  }

  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t n = session_ ? gnutls_record_send(session_.get(), octets.data(), octets.size())
                                 : ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        if (session_ && n != 0 && gnutls_error_is_fatal(static_cast<int>(n)) == 0) {
          continue;
        }
        return false;
      }
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Appends what comes next to the input; false at the end of the connection.
  bool receive() {
    char buffer[16384];
    ssize_t n = 0;
    do {
      n = session_ ? gnutls_record_recv(session_.get(), buffer, sizeof buffer)
                   : ::recv(fd_, buffer, sizeof buffer, 0);
    } while (session_ && n < 0 && gnutls_error_is_fatal(static_cast<int>(n)) == 0);
    if (n <= 0) {
      return false;
    }
    input_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  bool next(HttpSeen& request) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) {
        return false;
      }
    }
    read_head(input_.substr(0, end + 2), request);
    input_.erase(0, end + 4);
    const auto length = request.headers.find("content-length");
    const std::size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
    if (request.headers.count("expect") != 0 && !send("HTTP/1.1 100 Continue\r\n\r\n")) {
      return false;
    }
    while (input_.size() < size) {
      if (!receive()) {
        return false;
      }
    }
    request.body = input_.substr(0, size);
    input_.erase(0, size);
    return true;
  }

  void reset() const {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }

  void close_cleanly() {
    if (session_) {
      gnutls_bye(session_.get(), GNUTLS_SHUT_WR);
    }
    ::shutdown(fd_, SHUT_WR);
  }

  /// Takes no more octets as a request; only waits for the client to go away.
  void wait_for_end() {
    while (receive()) {
      input_.clear();
    }
  }

 private:
  static void read_head(const std::string& head, HttpSeen& request) {
    std::size_t at = head.find("\r\n");
    const std::string line = head.substr(0, at);
    const std::size_t space = line.find(' ');
    request.method = line.substr(0, space);
    request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    while ((at += 2) < head.size()) {
      const std::size_t end = head.find("\r\n", at);
      const std::size_t colon = head.find(':', at);
      if (colon < end) {
        const std::size_t value = head.find_first_not_of(' ', colon + 1);
        request.headers[lower(head.substr(at, colon - at))] = head.substr(value, end - value);
      }
      at = end;
    }
  }

  int fd_;
  TlsKeys keys_;
  TlsSession session_;
  std::string input_;
};

ScriptedHttpServer::ScriptedHttpServer(std::optional<Certificate> certificate)
    : certificate_(std::move(certificate)) {
  port_.listen();
  acceptor_ = std::thread([this] { accept_loop(); });
}

ScriptedHttpServer::~ScriptedHttpServer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    for (const int fd : open_) {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
  stopping_.notify_all();
  port_.shut_down();
  acceptor_.join();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void ScriptedHttpServer::on(const std::string& prefix, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[prefix] = std::move(handler);
}

void ScriptedHttpServer::on(const std::string& prefix, std::vector<Reply> replies) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  on(prefix, [rows = std::move(replies), next](const HttpSeen&) {
    return rows[std::min((*next)++, rows.size() - 1)];
  });
}

std::string ScriptedHttpServer::url(const std::string& path, const std::string& host) const {
  return (certificate_ ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}

std::vector<HttpSeen> ScriptedHttpServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t ScriptedHttpServer::requests(const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(seen_.begin(), seen_.end(),
                    [&](const HttpSeen& request) { return request.target.rfind(prefix, 0) == 0; }));
}

void ScriptedHttpServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

std::vector<std::string> ScriptedHttpServer::authorizations() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const HttpSeen& request : seen_) {
    if (const auto found = request.headers.find("authorization"); found != request.headers.end()) {
      all.push_back(found->second);
    }
  }
  return all;
}

void ScriptedHttpServer::accept_loop() {
  for (;;) {
    const int fd = port_.accept();
    const std::lock_guard lock(mutex_);
    if (fd < 0 || stop_) {
      if (fd >= 0) {
        ::close(fd);
      }
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++connections_;
    join_ended();
    open_.push_back(fd);
    workers_.emplace_back([this, fd] { serve(fd); });
  }
}

/// Threads that are not joined keep their stacks. With the lock held.
void ScriptedHttpServer::join_ended() {
  for (const std::thread::id ended : std::exchange(ended_, {})) {
    const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const std::thread& one) { return one.get_id() == ended; });
    worker->join();
    workers_.erase(worker);
  }
}

void ScriptedHttpServer::serve(int fd) {
  try {
    Peer peer(fd, certificate_);
    HttpSeen request;
    if (peer.handshake()) {
      while (peer.next(request)) {
        if (!answer(peer, request)) {
          break;
        }
        request = {};
      }
    }
  } catch (const std::exception&) {  // a request that was damaged on its way ends the connection
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  ::close(fd);
  ended_.push_back(std::this_thread::get_id());
}

Reply ScriptedHttpServer::reply_to(const HttpSeen& request) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(request);
    std::size_t best = 0;
    for (const auto& [prefix, candidate] : handlers_) {
      if (request.target.rfind(prefix, 0) == 0 && prefix.size() >= best) {
        best = prefix.size();
        handler = candidate;
      }
    }
  }
  return handler ? handler(request) : Reply::error(404);
}

/// Whether the connection can take the next request.
bool ScriptedHttpServer::answer(Peer& peer, const HttpSeen& request) {
  const Reply reply = reply_to(request);
  if (!pause(reply.delay)) {
    return false;
  }
  if (!reply.raw.empty()) {
    if (!peer.send(reply.raw)) {
      return false;
    }
  } else {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
    for (const auto& [name, value] : reply.headers) {
      head += name + ": " + value + "\r\n";
    }
    if (reply.chunked) {
      head += "Transfer-Encoding: chunked\r\n";
    } else if (!reply.endless && !reply.until_close) {
      head +=
          "Content-Length: " + std::to_string(reply.declared_length.value_or(reply.body.size())) +
          "\r\n";
    }
    if (!peer.send(head + "\r\n") || !send_body(peer, reply)) {
      return false;
    }
  }
  const Reply::Ending ending = reply.until_close ? Reply::Ending::Close : reply.ending;
  end(peer, ending);
  return ending == Reply::Ending::KeepOpen;
}

bool ScriptedHttpServer::send_body(Peer& peer, const Reply& reply) {
  std::string_view body(reply.body);
  body = body.substr(0, reply.cut.value_or(body.size()));
  const auto send = [&](std::string_view piece) {
    return reply.chunked ? peer.send(hex(piece.size()) + "\r\n" + std::string(piece) + "\r\n")
                         : peer.send(piece);
  };
  while (reply.endless) {
    if (!send(body) || !pause(reply.drip_pause)) {
      return false;
    }
  }
  if (reply.drip_pause.count() == 0) {
    return (body.empty() || send(body)) && (!reply.chunked || reply.cut || peer.send("0\r\n\r\n"));
  }
  const std::size_t whole = std::min(reply.drip_from, body.size());
  if (whole > 0 && !send(body.substr(0, whole))) {
    return false;
  }
  for (std::size_t at = whole; at < body.size(); ++at) {
    if (!pause(reply.drip_pause) || !send(body.substr(at, 1))) {
      return false;
    }
  }
  return !reply.chunked || peer.send("0\r\n\r\n");
}

/// False when the server is to stop.
bool ScriptedHttpServer::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !stopping_.wait_for(lock, time, [this] { return stop_; });
}

void ScriptedHttpServer::end(Peer& peer, Reply::Ending how) {
  switch (how) {
    case Reply::Ending::KeepOpen:
      return;
    case Reply::Ending::Close:
      peer.close_cleanly();
      return;
    case Reply::Ending::Reset:
      peer.reset();
      return;
    case Reply::Ending::Hang:
      peer.wait_for_end();
      return;
  }
}

std::string gzip_bomb(std::uint64_t size) {
  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  unsigned bits = 0;
  int count = 0;
  const auto put_bit = [&](unsigned bit) {
    bits |= bit << count;
    if (++count == 8) {
      out.push_back(static_cast<char>(bits));
      bits = 0;
      count = 0;
    }
  };
  const auto put_code = [&](unsigned code,
                            int length) {  // Huffman codes go in from their highest bit
    for (int i = length - 1; i >= 0; --i) {
      put_bit((code >> i) & 1U);
    }
  };
  put_bit(1);  // last block
  put_bit(1);  // fixed codes (01, lowest bit first)
  put_bit(0);
  put_code(0x30 + 'x', 8);
  for (std::uint64_t made = 1; made + 258 <= size; made += 258) {
    put_code(0xC5, 8);  // length 258
    put_code(0, 5);     // distance 1
  }
  put_code(0, 7);  // end of block
  while (count != 0) {
    put_bit(0);
  }
  return out + std::string(8, '\0');  // a wrong checksum: nobody gets that far
}

}  // namespace mailpipe::test
