#pragma once

#include "curl_easy.hpp"
#include "settings.hpp"

#include <mailpipe/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace mailpipe::imap {

/// The octets to and from one server, secured as the settings say, by libcurl's CONNECT_ONLY.
///
/// With `starttls` libcurl itself does greeting, CAPABILITY and STARTTLS, refuses what was injected behind it, verifies the
/// certificate, and hands over before any login since it knows no user. The greeting is gone then.
///
/// Life cycle   Construction connects. Destruction closes.
/// Threads      One at a time.
/// Errors       Throws Error: Transient, Config (certificate, pin, no STARTTLS, a plain login over the network), Cancelled.
class Transport {
 public:
  Transport(const Settings& settings, Host& host);

  /// Octets that are there now; 0: none. Try until there are none before waiting for the socket, as TLS may hold back some.
  /// Throws Transient when the server has closed the connection.
  std::size_t receive(char* to, std::size_t most);

  /// How many octets went; 0: none can go now.
  std::size_t send(std::string_view octets);

  /// For poll().
  int socket() const noexcept { return socket_; }

  /// Whether the server's greeting is still to be read.
  bool greets() const noexcept { return greets_; }

 private:
  void set_security(const Settings& settings);
  void connect();
  Error failure(CURLcode code) const;
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
  static int on_debug(CURL*, curl_infotype type, char* data, std::size_t size, void* self) noexcept;

  Host& host_;
  std::string where_;
  bool greets_;
  std::string last_line_;  ///< of the server, while libcurl speaks with it
  bool preauth_ = false;   ///< it greeted with it then
  int socket_ = -1;
  CurlEasy easy_;  ///< last: it calls into the others
};

}  // namespace mailpipe::imap
