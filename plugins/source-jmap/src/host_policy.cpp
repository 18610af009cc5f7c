#include "host_policy.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <algorithm>

namespace mailpipe::jmap {

HostPolicy::HostPolicy(const Url& configured, const std::vector<std::string>& allow_hosts,
                       bool allow_plain_http)
    : allow_plain_http_(allow_plain_http) {
  places_.push_back({configured.host, configured.port});
  places_.push_back({configured.host, 0});  // from http to https on the same host
  for (const std::string& entry : allow_hosts) {
    const Url url = parse_url("https://" + entry + "/", "allow_hosts entry");
    const bool with_port = entry.size() > 1 && entry.back() != ']' &&
                           entry.find(':', entry.rfind(']') + 1) != std::string::npos;
    places_.push_back({url.host, with_port ? url.port : std::uint16_t{0}});
  }
  // Fastmail serves message bodies from a host of their own (its session object names it in downloadUrl).
  if (configured.host == "api.fastmail.com") {
    places_.push_back({"www.fastmailusercontent.com", 0});
  }
}

bool HostPolicy::knows(const Url& url) const {
  const std::uint16_t usual = url.secure() ? 443 : 80;
  return std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
    return place.host == url.host && (place.port == 0 ? usual : place.port) == url.port;
  });
}

void HostPolicy::require(const Url& url, std::string_view what) const {
  if (!knows(url)) {
    throw Error(ErrorClass::Config,
                std::string(what) + " leads to another host, " + printable(url.authority(), 300) +
                    "; nothing was sent there",
                "if you trust it with your login, add \"" + printable(url.authority(), 300) +
                    "\" to allow_hosts");
  }
  if (!url.secure() && !is_loopback(url.host) && !allow_plain_http_) {
    throw Error(
        ErrorClass::Config,
        std::string(what) + " is not encrypted (http://" + printable(url.authority(), 300) + ")",
        "use https, or set allow_plain_http: true if the network is safe");
  }
}

}  // namespace mailpipe::jmap
