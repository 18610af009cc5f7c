#pragma once

#include "http_client.hpp"
#include "login_keeper.hpp"

#include <mailpipe/host.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace mailpipe::jmap {

struct JsonLimits {
  std::uint64_t octets = 64U * 1024U * 1024U;  ///< of one answer, decompressed
  std::chrono::seconds deadline{300};          ///< of one call
};

/// Parses a server's JSON within the bounds of json_guard.hpp. Throws Error (Permanent) naming `where`.
nlohmann::json parse_answer(const std::string& text, const std::string& where);

/// JSON over HTTP, one call at a time, logged in.
///
/// Threads    One at a time; owns the client's thread while a call runs.
/// Ownership  Borrows everything.
/// Errors     Throws Error: failure_of() in http_error.hpp, parse_answer(). On 401 the secret is asked for once more.
class JsonChannel {
 public:
  JsonChannel(HttpClient& http, LoginKeeper& login, Host& host, JsonLimits limits)
      : http_(http),
        login_(login),
        host_(host),
        limits_(limits) {}

  /// POSTs `json` if there is one. `doing` is for messages. `final_url`: where redirects led.
  nlohmann::json call(const Url& url, const std::optional<std::string>& json,
                      std::string_view doing, Url* final_url = nullptr);

  HttpRequest request(const Url& url, std::optional<std::string> json) const;

 private:
  HttpClient& http_;
  LoginKeeper& login_;
  Host& host_;
  JsonLimits limits_;
};

}  // namespace mailpipe::jmap
