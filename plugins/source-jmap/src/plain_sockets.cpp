#include "plain_sockets.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace mailpipe::jmap {

void PlainSockets::acknowledge() const noexcept {
  const int on = 1;
  for (const curl_socket_t socket : open_) {
    ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }
}

curl_socket_t PlainSockets::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  const curl_socket_t socket =
      ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (socket < 0) {
    return CURL_SOCKET_BAD;
  }
  try {
    static_cast<PlainSockets*>(self)->open_.push_back(socket);
  } catch (const std::bad_alloc&) {
    ::close(socket);
    return CURL_SOCKET_BAD;
  }
  return socket;
}

int PlainSockets::on_close(void* self, curl_socket_t socket) {
  auto& open = static_cast<PlainSockets*>(self)->open_;
  open.erase(std::remove(open.begin(), open.end(), socket), open.end());
  return ::close(socket);
}

}  // namespace mailpipe::jmap
