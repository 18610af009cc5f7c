#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace mailpipe::test {

/// A free TCP port of 127.0.0.1, kept until the end: nobody else gets it meanwhile. It refuses connections until listen().
class LoopbackPort {
 public:
  LoopbackPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    require(fd_ >= 0 && ::bind(fd_, any, length) == 0 && ::getsockname(fd_, any, &length) == 0);
    number_ = ntohs(address.sin_port);
  }

  LoopbackPort(const LoopbackPort&) = delete;
  LoopbackPort& operator=(const LoopbackPort&) = delete;

  ~LoopbackPort() { ::close(fd_); }

  std::uint16_t number() const noexcept { return number_; }

  void listen() { require(::listen(fd_, 128) == 0); }

  /// Waits for a connection, which is the caller's to close; -1 after shut_down().
  int accept() const noexcept { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

  /// Ends a waiting accept(), from any thread.
  void shut_down() noexcept { ::shutdown(fd_, SHUT_RDWR); }

 private:
  static void require(bool succeeded) {
    if (!succeeded) {
      throw std::system_error(errno, std::generic_category(), "port of a test server");
    }
  }

  int fd_;
  std::uint16_t number_ = 0;
};

}  // namespace mailpipe::test
