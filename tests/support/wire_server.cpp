#include "support/wire_server.hpp"

#include <mailpipe/c_ptr.hpp>

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <type_traits>
#include <utility>

namespace mailpipe::test {
namespace {

gnutls_datum_t datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

}  // namespace

struct Wire::Tls {
  CPtr<std::remove_pointer_t<gnutls_certificate_credentials_t>, gnutls_certificate_free_credentials>
      keys;
  CPtr<std::remove_pointer_t<gnutls_session_t>, gnutls_deinit> session;
};

Wire::Wire(int fd, WireServer& server) : fd_(fd), server_(server) {}

Wire::~Wire() {
  flush();
  if (tls_ && !ended_) {
    gnutls_bye(tls_->session.get(), GNUTLS_SHUT_WR);
  }
  if (!reset_) {  // FIN ahead of RST would be all that the client sees
    ::shutdown(fd_, SHUT_WR);
  }
}

bool Wire::start_tls(const Certificate& certificate) {
  if (!flush()) {
    return false;
  }
  auto tls = std::make_unique<Tls>();
  gnutls_certificate_credentials_t keys = nullptr;
  gnutls_certificate_allocate_credentials(&keys);
  tls->keys.reset(keys);
  const gnutls_datum_t pem = datum(certificate.pem);
  const gnutls_datum_t key = datum(certificate.key_pem);
  gnutls_certificate_set_x509_key_mem(keys, &pem, &key, GNUTLS_X509_FMT_PEM);
  gnutls_session_t session = nullptr;
  gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
  tls->session.reset(session);
  gnutls_set_default_priority(session);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, keys);
  gnutls_transport_set_int(session, fd_);
  int code = 0;
  do {
    code = gnutls_handshake(session);
  } while (code < 0 && gnutls_error_is_fatal(code) == 0);
  ended_ = code < 0;
  tls_ = std::move(tls);
  return !ended_;
}

void Wire::drip(std::size_t octets, std::chrono::milliseconds pause) {
  flush();
  drip_octets_ = octets;
  drip_pause_ = pause;
}

bool Wire::send(std::string_view octets) {
  constexpr std::size_t kMost = 64U << 10U;
  if (left_ && octets.size() >= *left_) {
    output_ += octets.substr(0, *left_);
    left_.reset();
    flush();
    ended_ = true;
    ::shutdown(fd_, SHUT_WR);
    return false;
  }
  if (left_) {
    *left_ -= octets.size();
  }
  output_ += octets;
  return output_.size() < kMost || flush();
}

bool Wire::flush() {
  if (output_.empty() || ended_) {
    return !ended_;
  }
  {
    const std::lock_guard lock(server_.wire_mutex_);
    server_.stats_.round_trips += heard_ ? 1 : 0;
    server_.stats_.octets_out += output_.size();
  }
  heard_ = false;
  std::string_view rest = output_;
  while (!rest.empty() && !ended_) {
    const std::size_t size = drip_octets_ == 0 ? rest.size() : std::min(drip_octets_, rest.size());
    ended_ = !write_all(rest.substr(0, size)) || (drip_octets_ != 0 && !pause(drip_pause_));
    rest.remove_prefix(size);
  }
  output_.clear();
  return !ended_;
}

bool Wire::write_all(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = tls_ ? gnutls_record_send(tls_->session.get(), octets.data(), octets.size())
                           : ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n <= 0 && (!tls_ || n == 0 || gnutls_error_is_fatal(static_cast<int>(n)) != 0)) {
      return false;
    }
    octets.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  return true;
}

bool Wire::has_input() {
  if (tls_ && gnutls_record_check_pending(tls_->session.get()) > 0) {
    return true;
  }
  std::chrono::milliseconds patience{0};
  {
    const std::lock_guard lock(server_.wire_mutex_);
    patience = server_.patience_;
  }
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(patience.count())) > 0;
}

bool Wire::receive() {
  if (ended_ || (!output_.empty() && !has_input() && !flush())) {
    return false;
  }
  std::array<char, 16384> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  ssize_t n = 0;
  do {
    n = tls_ ? gnutls_record_recv(tls_->session.get(), block.data(), block.size())
             : ::recv(fd_, block.data(), block.size(), 0);
  } while (tls_ && n < 0 && gnutls_error_is_fatal(static_cast<int>(n)) == 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  heard_ = true;
  input_.append(block.data(), static_cast<std::size_t>(n));
  const std::lock_guard lock(server_.wire_mutex_);
  server_.stats_.octets_in += static_cast<std::uint64_t>(n);
  return true;
}

std::optional<std::string> Wire::read_line() {
  std::size_t end = input_.find("\r\n");
  while (end == std::string::npos) {
    if (!receive()) {
      return std::nullopt;
    }
    end = input_.find("\r\n");
  }
  std::string line = input_.substr(0, end);
  input_.erase(0, end + 2);
  return line;
}

std::optional<std::string> Wire::read_octets(std::size_t count) {
  while (input_.size() < count) {
    if (!receive()) {
      return std::nullopt;
    }
  }
  std::string octets = input_.substr(0, count);
  input_.erase(0, count);
  return octets;
}

void Wire::reset() {
  flush();
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  reset_ = true;
  ended_ = true;
}

void Wire::stall() {
  flush();
  while (receive()) {
    input_.clear();
  }
}

bool Wire::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(server_.wire_mutex_);
  return !server_.changed_.wait_for(lock, time, [this] { return server_.stop_; });
}

WireServer::WireServer() {
  port_.listen();
}

WireServer::~WireServer() = default;

void WireServer::listen() {
  acceptor_ = std::thread([this] { accept_loop(); });
}

void WireServer::shut_down() {
  {
    const std::lock_guard lock(wire_mutex_);
    stop_ = true;
    for (const int fd : open_) {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
  changed_.notify_all();
  port_.shut_down();
  acceptor_.join();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

WireStats WireServer::stats() const {
  const std::lock_guard lock(wire_mutex_);
  return stats_;
}

void WireServer::reset_stats() {
  const std::lock_guard lock(wire_mutex_);
  stats_ = {};
}

bool WireServer::wait_until_idle() {
  std::unique_lock lock(wire_mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_.empty(); });
}

void WireServer::set_patience(std::chrono::milliseconds time) {
  const std::lock_guard lock(wire_mutex_);
  patience_ = time;
}

void WireServer::accept_loop() {
  for (;;) {
    const int fd = port_.accept();
    const std::lock_guard lock(wire_mutex_);
    if (fd < 0 || stop_) {
      if (fd >= 0) {
        ::close(fd);
      }
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ++stats_.connections;
    for (const std::thread::id ended : std::exchange(ended_, {})) {
      const auto worker =
          std::find_if(workers_.begin(), workers_.end(),
                       [&](const std::thread& one) { return one.get_id() == ended; });
      worker->join();
      workers_.erase(worker);
    }
    open_.push_back(fd);
    workers_.emplace_back([this, fd, number = accepted_++] {
      {
        Wire wire(fd, *this);
        serve(wire, number);
      }
      const std::lock_guard ending(wire_mutex_);
      open_.erase(std::find(open_.begin(), open_.end(), fd));
      ::close(fd);
      ended_.push_back(std::this_thread::get_id());
      changed_.notify_all();
    });
  }
}

}  // namespace mailpipe::test
