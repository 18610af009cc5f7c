#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mailpipe::jmap {

/// An absolute http or https URL, taken apart by libcurl's own parser, so that what we check is what libcurl connects to.
struct Url {
  std::string text;    ///< normalised, whole; may hold secrets in its query: never for messages
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case, without brackets or trailing dot
  std::uint16_t port = 0;
  std::string path;

  bool secure() const noexcept { return scheme == "https"; }

  /// "host:port", what messages name.
  std::string authority() const;
};

/// Throws Error (Config) naming `what` when the text is no absolute http(s) URL, or holds a user or a password.
Url parse_url(const std::string& text, std::string_view what);

/// `reference`, as a server gave it, relative to `base`. Errors as parse_url.
Url resolve_url(const Url& base, const std::string& reference, std::string_view what);

/// localhost, 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view host);

/// RFC 6570 level 1: each {name} becomes the percent-encoded value that `value` gives for it.
/// Throws Error (Permanent) on any other kind of expression or on an unknown name.
struct UrlVariable {
  std::string_view name;
  std::string_view value;
};

std::string expand_template(std::string_view text, const UrlVariable* variables, std::size_t count);

/// Everything but RFC 3986's unreserved characters as %XX.
std::string percent_encode(std::string_view text);

}  // namespace mailpipe::jmap
