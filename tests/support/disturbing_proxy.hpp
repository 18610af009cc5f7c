#pragma once

#include "support/loopback_port.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mailpipe::test {

/// What a line does to the octet at one offset of one direction of one connection, or from there on.
struct Disturbance {
  enum class What : std::uint8_t {
    Nothing,
    Fin,             ///< both ends find the connection closed before that octet
    Reset,           ///< likewise by RST
    Stall,           ///< nothing comes any more, in either direction
    LowBit,          ///< the lowest bit is another one: 2 becomes 3
    HighBit,         ///< the highest one
    Nul,             ///< NUL in its place
    CarriageReturn,  ///< CR in its place
    Drop,            ///< it is missing
    Twice,           ///< it is there twice
    Slow,            ///< a pause before it, and octets from there come one by one
  };

  What what = What::Nothing;
  bool to_client = true;
  std::size_t connection = 0;  ///< in the order in which they came since begin()
  std::uint64_t offset = 0;
};

/// A line to a server on loopback that records what goes over it, and disturbs it once.
///
/// Life cycle  Runs from construction to destruction, which ends every connection.
/// Threads     One calls; connections have threads of their own.
/// Errors      Throws std::system_error if it cannot listen. A server that does not answer is a closed connection.
class DisturbingProxy {
 public:
  struct Octets {
    std::string to_client, to_server;  ///< before anything was done to them
  };

  explicit DisturbingProxy(int server_port);
  ~DisturbingProxy();
  DisturbingProxy(const DisturbingProxy&) = delete;
  DisturbingProxy& operator=(const DisturbingProxy&) = delete;

  std::uint16_t port() const noexcept { return port_.number(); }

  /// Ends all connections and forgets the record; connections count from 0 again.
  void begin(Disturbance disturbance);

  /// Whether the disturbance took place.
  bool struck() const noexcept { return struck_; }

  /// Of each connection since begin().
  std::vector<Octets> record() const;

  /// A changed octet can make both ends wait for each other; a server would end such a connection after minutes.
  static constexpr std::chrono::milliseconds kIdle{40};

 private:
  struct Line;

  void accept_loop();
  void serve(Line& line);
  bool pump(Line& line, bool to_client);
  bool disturb(Line& line, bool to_client, std::string octets);
  void end_connections();

  const int server_port_;
  LoopbackPort port_;
  mutable std::mutex mutex_;
  Disturbance disturbance_;
  std::atomic<bool> struck_{false};
  std::atomic<bool> stop_{false};
  std::vector<Octets> record_;
  std::vector<int> open_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

}  // namespace mailpipe::test
