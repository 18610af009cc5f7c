#pragma once

#include "url.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::jmap {

/// Which hosts may be talked to at all, and so may see the token: the configured one and those of an allow-list.
/// Every URL passes require() before a connection is made to it: the session's, redirects, apiUrl, downloadUrl.
class HostPolicy {
 public:
  /// allow_hosts: "host" (its default port) or "host:port". Throws Error (Config) on anything else.
  HostPolicy(const Url& configured, const std::vector<std::string>& allow_hosts,
             bool allow_plain_http);

  /// Throws Error (Config) naming `what` and the host. Plain http only to loopback, or when allowed.
  void require(const Url& url, std::string_view what) const;

 private:
  struct Place {
    std::string host;
    std::uint16_t port;  ///< 0: 443 for https, 80 for http
  };

  bool knows(const Url& url) const;

  std::vector<Place> places_;
  bool allow_plain_http_;
};

}  // namespace mailpipe::jmap
