#pragma once

#include "http_call.hpp"
#include "http_error.hpp"
#include "support/fake_host.hpp"
#include "support/scripted_http_server.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

namespace mailpipe::jmap {

/// One client for one server, with a login that must not leak.
struct TestClient {
  explicit TestClient(const test::ScriptedHttpServer& server, HttpSettings settings = {},
                      const std::string& host = "127.0.0.1")
      : TestClient(server.url("/", host), std::move(settings)) {}

  explicit TestClient(const std::string& at, HttpSettings settings = {})
      : url(parse_url(at, "session_url")),
        policy(url, {}, false),
        http(with_counter(std::move(settings)), policy) {}

  HttpSettings with_counter(HttpSettings settings) {
    settings.count = [this](std::string_view name, std::uint64_t add) { fake.count(name, add); };
    return settings;
  }

  HttpRequest request(const std::string& path = "/") const {
    HttpRequest made;
    made.url = resolve_url(url, path, "test");
    made.limit = kLimit;
    made.login = std::make_shared<Login>(Login{"", "s3cret", true});
    return made;
  }

  CallResult get(const std::string& path = "/") { return call(http, request(path), fake); }

  /// The error of a call that must fail.
  Error failure(HttpRequest made) {
    try {
      const CallResult result = call(http, std::move(made), fake);
      EXPECT_FALSE(result.reply.ok());
      return failure_of(result.reply, "testing");
    } catch (const Error& error) {
      return error;
    }
  }

  Error failure() { return failure(request()); }

  static constexpr std::uint64_t kLimit = 1024U * 1024U;

  test::FakeHost fake;
  Url url;
  HostPolicy policy;
  HttpClient http;
};

/// A file that is gone at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    const int fd = ::mkstemp(path_.data());
    std::ofstream(path_) << text;
    ::close(fd);
  }

  ~TemporaryFile() { std::remove(path_.c_str()); }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "mailpipe-XXXXXX";
};

}  // namespace mailpipe::jmap
