#include "support/disturbing_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace mailpipe::test {
namespace {

using What = Disturbance::What;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      return false;
    }
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// The octets with the one at `at` changed.
std::string changed(std::string octets, std::size_t at, What what) {
  char& octet = octets[at];
  switch (what) {
    case What::LowBit:
      octet = static_cast<char>(static_cast<unsigned char>(octet) ^ 0x01U);
      break;
    case What::HighBit:
      octet = static_cast<char>(static_cast<unsigned char>(octet) ^ 0x80U);
      break;
    case What::Nul:
      octet = '\0';
      break;
    case What::CarriageReturn:
      octet = '\r';
      break;
    case What::Drop:
      octets.erase(at, 1);
      break;
    case What::Twice:
      octets.insert(at, 1, octet);
      break;
    default:
      break;
  }
  return octets;
}

bool write_slowly(int fd, std::string_view octets) {
  constexpr std::size_t kOneByOne = 32;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (std::size_t i = 0; i < std::min(kOneByOne, octets.size()); ++i) {
    if (!write_all(fd, octets.substr(i, 1))) {
      return false;
    }
  }
  return write_all(fd, octets.substr(std::min(kOneByOne, octets.size())));
}

void end_hard(int fd) {
  const linger hard{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void at_once(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

struct DisturbingProxy::Line {
  int client = -1, server = -1;
  std::size_t number = 0;
  std::uint64_t sent_to_client = 0, sent_to_server = 0;
  bool changed = false;  ///< from now on silence ends it
  bool stalled = false;
};

DisturbingProxy::DisturbingProxy(int server_port) : server_port_(server_port) {
  port_.listen();
  acceptor_ = std::thread([this] { accept_loop(); });
}

DisturbingProxy::~DisturbingProxy() {
  stop_ = true;
  port_.shut_down();
  acceptor_.join();
  end_connections();
}

void DisturbingProxy::end_connections() {
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) {
      ::shutdown(fd, SHUT_RDWR);
    }
    workers.swap(workers_);
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
}

void DisturbingProxy::begin(Disturbance disturbance) {
  end_connections();
  const std::lock_guard lock(mutex_);
  disturbance_ = disturbance;
  struck_ = false;
  record_.clear();
}

std::vector<DisturbingProxy::Octets> DisturbingProxy::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void DisturbingProxy::accept_loop() {
  for (;;) {
    Line line;
    line.client = port_.accept();
    if (line.client < 0 || stop_) {
      if (line.client >= 0) {
        ::close(line.client);
      }
      return;
    }
    line.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(server_port_);
    if (::connect(line.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(line.client);
      ::close(line.server);
      continue;
    }
    at_once(line.client);
    at_once(line.server);
    const std::lock_guard lock(mutex_);
    line.number = record_.size();
    record_.emplace_back();
    open_.insert(open_.end(), {line.client, line.server});
    workers_.emplace_back([this, line]() mutable {
      serve(line);
      const std::lock_guard ending(mutex_);
      std::erase(open_, line.client);
      std::erase(open_, line.server);
      ::close(line.client);
      ::close(line.server);
    });
  }
}

void DisturbingProxy::serve(Line& line) {
  for (;;) {
    std::array<pollfd, 2> fds{{{line.client, POLLIN, 0}, {line.server, POLLIN, 0}}};
    const int ready =
        ::poll(fds.data(), fds.size(), line.changed ? static_cast<int>(kIdle.count()) : -1);
    if (ready <= 0 || (fds[1].revents != 0 && !pump(line, true)) ||
        (fds[0].revents != 0 && !pump(line, false))) {
      return;
    }
  }
}

bool DisturbingProxy::pump(Line& line, bool to_client) {
  std::array<char, 16384> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  const ssize_t n = ::recv(to_client ? line.server : line.client, block.data(), block.size(), 0);
  if (n <= 0) {
    return false;
  }
  std::string octets(block.data(), static_cast<std::size_t>(n));
  Disturbance now;
  {
    const std::lock_guard lock(mutex_);
    if (line.number < record_.size()) {
      (to_client ? record_[line.number].to_client : record_[line.number].to_server) += octets;
    }
    now = disturbance_;
  }
  std::uint64_t& sent = to_client ? line.sent_to_client : line.sent_to_server;
  const std::uint64_t from = sent;
  sent += octets.size();
  if (line.stalled) {
    return true;
  }
  if (now.what == What::Nothing || now.connection != line.number || now.to_client != to_client ||
      now.offset < from || now.offset >= sent) {
    return write_all(to_client ? line.client : line.server, octets);
  }
  struck_ = true;
  return disturb(line, to_client, std::move(octets));
}

bool DisturbingProxy::disturb(Line& line, bool to_client, std::string octets) {
  const int to = to_client ? line.client : line.server;
  const std::uint64_t from =
      (to_client ? line.sent_to_client : line.sent_to_server) - octets.size();
  What what = What::Nothing;
  std::size_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    what = disturbance_.what;
    at = static_cast<std::size_t>(disturbance_.offset - from);
  }
  const std::string_view before = std::string_view(octets).substr(0, at);
  switch (what) {
    case What::Fin:
      write_all(to, before);
      return false;
    case What::Reset:
      write_all(to, before);
      end_hard(line.client);
      end_hard(line.server);
      return false;
    case What::Stall:
      line.stalled = true;
      return write_all(to, before);
    case What::Slow:
      return write_all(to, before) && write_slowly(to, std::string_view(octets).substr(at));
    default:
      line.changed = true;
      return write_all(to, changed(octets, at, what));
  }
}

}  // namespace mailpipe::test
