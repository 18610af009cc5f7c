#pragma once

#include <memory>
#include <string>

namespace mailpipe::testing {

/// What a test server answered.
struct HttpAnswer {
  long status = 0;
  bool http2 = false;
  std::string body;
};

/// A plain HTTP client for talking to test servers: one kept connection, HTTP/2 over TLS.
///
/// Threads   One at a time.
/// Errors    Throws std::runtime_error when no answer comes; every status is an answer.
class HttpClient {
 public:
  /// `ca_file` may be empty; then only http:// works.
  HttpClient(std::string user, std::string password, std::string ca_file);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer get(const std::string& url);
  HttpAnswer post(const std::string& url, const std::string& body, const std::string& type);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mailpipe::testing
