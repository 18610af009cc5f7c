#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace mailpipe::testing {

/// A long line to a server on loopback: scripts/lib/delay_proxy.py, which also counts what goes over it.
///
/// Life cycle   Runs from construction to destruction, and no longer than the program.
/// Threads      One at a time.
/// Errors       Throws std::runtime_error if it does not start.
class DelayProxy {
 public:
  struct Traffic {
    std::uint64_t connections = 0;
    std::uint64_t octets_in = 0;  ///< from the clients
    std::uint64_t octets_out = 0;
    std::uint64_t turns = 0;  ///< how often a client spoke after the server had: round trips
  };

  explicit DelayProxy(int server_port,
                      std::chrono::milliseconds each_way = std::chrono::milliseconds(0));
  ~DelayProxy();
  DelayProxy(const DelayProxy&) = delete;
  DelayProxy& operator=(const DelayProxy&) = delete;

  int port() const noexcept { return port_; }

  /// Since the start.
  Traffic traffic();

 private:
  std::string read_line();

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  int port_ = 0;
};

}  // namespace mailpipe::testing
