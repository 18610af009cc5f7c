#pragma once

#include "http_client.hpp"
#include "json_channel.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mailpipe {
class Options;
class Host;
}  // namespace mailpipe

namespace mailpipe::jmap {

/// The options of the manifest, as they are used.
struct Settings {
  Url session_url;  ///< with /.well-known/jmap where only a host was given (RFC 8620 2.2)
  std::string user;
  std::string account;
  std::vector<std::string> allow_hosts;
  bool allow_plain_http = false;
  std::uint64_t max_message_size = 0;
  unsigned max_in_flight = 64;
  JsonLimits json;
  HttpSettings http;
};

/// Throws Error (Config) when the login is missing or given twice, or a URL is none.
Settings read_settings(const Options& options, Host& host);

}  // namespace mailpipe::jmap
