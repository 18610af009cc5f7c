#pragma once

#include "http_client.hpp"

#include <mailpipe/error.hpp>

#include <chrono>
#include <string_view>

namespace mailpipe::jmap {

/// What a transfer's end means when it is not ok(): the one place that turns libcurl's codes, HTTP's and JMAP's
/// request-level problems (RFC 8620 3.6.1, RFC 7807) into Error. `doing`: "reading the JMAP session", ...
Error failure_of(const HttpReply& reply, std::string_view doing);

/// Retry-After as seconds or as an HTTP date, between zero and a quarter of an hour; zero when it says nothing useful.
std::chrono::milliseconds parse_retry_after(const std::string& text, std::chrono::sys_seconds now);

}  // namespace mailpipe::jmap
