#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mailpipe::testing {

/// A blocking connection to a loopback port that talks in lines: enough for LMTP and IMAP in a test.
///
/// Errors   Throws std::runtime_error when the connection breaks or an answer is not the expected one.
class LineClient {
 public:
  explicit LineClient(int port);
  ~LineClient();
  LineClient(const LineClient&) = delete;
  LineClient& operator=(const LineClient&) = delete;

  void send(std::string_view bytes) const;

  /// The next line without its CRLF.
  std::string read_line();

  std::string read_octets(std::size_t count);

  /// Reads lines until one starts with `prefix`, and returns it; throws if one starts with `failure` first.
  std::string read_until(std::string_view prefix, std::string_view failure = {});

 private:
  void receive();

  int socket_;
  std::string pending_;
};

}  // namespace mailpipe::testing
