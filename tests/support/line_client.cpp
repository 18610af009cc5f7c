#include "support/line_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace mailpipe::testing {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

LineClient::LineClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    fail("connect to test server");
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

LineClient::~LineClient() {
  ::close(socket_);
}

void LineClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      fail("send to test server");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void LineClient::receive() {
  std::array<char, 65536> block;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  const ssize_t got = ::recv(socket_, block.data(), block.size(), 0);
  if (got <= 0) {
    fail("test server closed the connection");
  }
  const int on = 1;  // Cyrus waits for the acknowledgement before it goes on
  ::setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  pending_.append(block.data(), static_cast<std::size_t>(got));
}

std::string LineClient::read_line() {
  std::size_t end = pending_.find("\r\n");
  while (end == std::string::npos) {
    receive();
    end = pending_.find("\r\n");
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 2);
  return line;
}

std::string LineClient::read_octets(std::size_t count) {
  while (pending_.size() < count) {
    receive();
  }
  std::string octets = pending_.substr(0, count);
  pending_.erase(0, count);
  return octets;
}

std::string LineClient::read_until(std::string_view prefix, std::string_view failure) {
  for (;;) {
    std::string line = read_line();
    if (line.starts_with(prefix)) {
      return line;
    }
    if (!failure.empty() && line.starts_with(failure)) {
      throw std::runtime_error("test server said: " + line);
    }
  }
}

}  // namespace mailpipe::testing
