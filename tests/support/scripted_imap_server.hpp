#pragma once

#include "support/wire_server.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mailpipe::test {

/// An IMAP server that plays a script to the octet, one for each connection in the order in which they come.
///
///   S: * OK ready            sends the line and CRLF; \r \n \t \\ \xHH are escapes, $tag the last command's tag, $tag1 the
///                            first's of the connection
///   S- {5}\r\nhel            the same without CRLF
///   C: LOGIN *               wants a command; the tag is taken off, * stands for anything
///   C- DONE                  wants a line that has no tag: a continuation, what follows a literal
///   ! tls                    handshakes: at the start, or after the answer to STARTTLS
///   ! drip N MS              from now on N octets at a time with MS between; ! drip 0 0 ends that
///   ! cut N                  closes after the next N octets
///   ! repeat N TEXT          sends TEXT, with escapes, N times
///   ! wait MS | ! stall | ! close | ! reset
///
/// Empty rows and those that start with # are nothing; leading spaces do not count. After its last row a connection is closed.
///
/// Threads    Any.
/// Errors     problem() tells what the client did that is not in the script, with the row and what came instead.
class ScriptedImapServer : public WireServer {
 public:
  explicit ScriptedImapServer(std::vector<std::string> scripts,
                              std::optional<Certificate> certificate = std::nullopt);
  ~ScriptedImapServer() override;

  /// Empty when every script was played to its end and no connection came beyond; waits for open connections first.
  std::string problem();

  /// Every line that a client sent, in order.
  std::vector<std::string> received() const;

 private:
  struct Player;

  void serve(Wire& wire, std::size_t connection) override;
  bool play(Player& player, const std::string& row);
  bool act(Player& player, const std::string& words);
  bool expect(Player& player, const std::string& pattern, bool tagged);
  void note(const std::string& problem);

  std::vector<std::string> scripts_;
  std::optional<Certificate> certificate_;
  mutable std::mutex mutex_;
  std::size_t played_ = 0;
  std::string problem_;
  std::vector<std::string> received_;
};

/// Whether * of the pattern can stand for something that makes it the text.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace mailpipe::test
