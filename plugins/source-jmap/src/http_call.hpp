#pragma once

#include "http_client.hpp"

#include <mailpipe/host.hpp>

#include <string>

namespace mailpipe::jmap {

struct CallResult {
  HttpReply reply;
  std::string body;
};

/// Runs one request on an otherwise idle client and waits for its end. Throws Error (Cancelled) when the host says abort.
CallResult call(HttpClient& client, HttpRequest request, Host& host);

}  // namespace mailpipe::jmap
