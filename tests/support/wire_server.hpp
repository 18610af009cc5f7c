#pragma once

#include "support/loopback_port.hpp"
#include "support/test_certificates.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mailpipe::test {

/// What went over the wire since the start or the last reset.
struct WireStats {
  std::size_t connections = 0;
  std::size_t round_trips =
      0;  ///< how often the server answered and then had to wait for the client
  std::uint64_t octets_in = 0;  ///< from the client, before TLS
  std::uint64_t octets_out = 0;
};

class WireServer;

/// One connection of a WireServer, plain or TLS. Answers are collected and leave when the client has nothing more to say, so
/// that commands sent together are answered together. False and nullopt: the connection or the server has ended.
class Wire {
 public:
  Wire(int fd, WireServer& server);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool send(std::string_view octets);
  bool flush();

  /// Without its CRLF.
  std::optional<std::string> read_line();
  std::optional<std::string> read_octets(std::size_t count);

  /// Handshakes; what is still collected leaves first, in plain.
  bool start_tls(const Certificate& certificate);

  /// From now on `octets` at a time, with that pause after each; 0 octets: all at once again.
  void drip(std::size_t octets, std::chrono::milliseconds pause);

  /// After that many further octets the connection ends, by FIN.
  void cut_after(std::size_t octets) { left_ = octets; }

  /// The client finds RST.
  void reset();

  /// Says and reads nothing until the client goes away or the server ends.
  void stall();

  /// False when the server is to stop.
  bool pause(std::chrono::milliseconds time);

 private:
  struct Tls;

  bool receive();
  bool write_all(std::string_view octets);
  bool has_input();

  int fd_;
  WireServer& server_;
  std::unique_ptr<Tls> tls_;
  std::string input_, output_;
  bool heard_ = false;  ///< received since the last answer
  bool ended_ = false;
  bool reset_ = false;
  std::size_t drip_octets_ = 0;
  std::chrono::milliseconds drip_pause_{0};
  std::optional<std::size_t> left_;
};

/// Accepts on a free loopback port and serves each connection in a thread of its own.
///
/// Life cycle  The derived class calls listen() at the end of its constructor and shut_down() in its destructor, which ends
///             every connection and joins every thread.
/// Threads     serve() runs in the connection's thread; everything else: any thread.
class WireServer {
 public:
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  std::uint16_t port() const noexcept { return port_.number(); }

  WireStats stats() const;
  void reset_stats();

  /// Waits until no connection is open; false after ten seconds.
  bool wait_until_idle();

  /// How long an answer waits for more commands: makes round_trips exact for a client that writes one batch in pieces.
  void set_patience(std::chrono::milliseconds time);

 protected:
  WireServer();
  virtual ~WireServer();

  void listen();
  void shut_down();
  virtual void serve(Wire& wire, std::size_t connection) = 0;

 private:
  friend class Wire;

  void accept_loop();

  LoopbackPort port_;
  mutable std::mutex wire_mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::chrono::milliseconds patience_{0};
  WireStats stats_;
  std::size_t accepted_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> workers_;
  std::vector<std::thread::id> ended_;  ///< of the workers, still to be joined
  std::thread acceptor_;
};

}  // namespace mailpipe::test
