#pragma once

#include <curl/curl.h>

#include <vector>

namespace mailpipe::jmap {

/// The unencrypted connections of one client, so that what they receive is acknowledged at once.
///
/// A server that sends header and body as two segments waits, by Nagle's algorithm, for our acknowledgement of the first,
/// which the kernel delays: 40 ms a message over HTTP/1.1, seen with Cyrus. TCP_QUICKACK sends it, but does not stick, so it
/// is set each time that something came. libcurl does not tell a transfer's socket while it runs, hence all of them.
///
/// Threads  Those of the client.
class PlainSockets {
 public:
  void acknowledge() const noexcept;

  /// For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION, with a PlainSockets as their data.
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

 private:
  std::vector<curl_socket_t> open_;
};

}  // namespace mailpipe::jmap
