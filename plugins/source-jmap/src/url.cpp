#include "url.hpp"

#include <mailpipe/c_ptr.hpp>
#include <mailpipe/error.hpp>
#include <mailpipe/printable.hpp>

#include <curl/curl.h>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

using UrlHandle = CPtr<CURLU, curl_url_cleanup>;

[[noreturn]] void refuse(std::string_view what, const std::string& text, const std::string& why) {
  throw Error(ErrorClass::Config, std::string(what) + " \"" + printable(text, 200) + "\" " + why,
              "it must look like https://host/path");
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(url, which, &raw, flags) != CURLUE_OK) {
    return {};
  }
  const CPtr<char, curl_free> text(raw);
  return text.get();
}

Url take_apart(CURLU* handle, const std::string& text, std::string_view what) {
  Url url;
  url.text = part(handle, CURLUPART_URL);
  url.scheme = part(handle, CURLUPART_SCHEME);
  url.host = part(handle, CURLUPART_HOST);
  url.path = part(handle, CURLUPART_PATH);
  if (url.scheme != "http" && url.scheme != "https") {
    refuse(what, text, "is not an http or https URL");
  }
  if (!part(handle, CURLUPART_USER).empty() || !part(handle, CURLUPART_PASSWORD).empty()) {
    throw Error(ErrorClass::Config, std::string(what) + " holds a user name or a password",
                "give them as the options user and password");
  }
  std::transform(url.host.begin(), url.host.end(), url.host.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (url.host.size() > 2 && url.host.front() == '[') {
    url.host = url.host.substr(1, url.host.size() - 2);
  }
  if (!url.host.empty() && url.host.back() == '.') {
    url.host.pop_back();
  }
  if (url.host.empty()) {
    refuse(what, text, "names no host");
  }
  url.port =
      static_cast<std::uint16_t>(std::stoul(part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT)));
  return url;
}

bool is_unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string Url::authority() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(port);
}

Url parse_url(const std::string& text, std::string_view what) {
  const UrlHandle handle(curl_url());
  if (text.find('\0') != std::string::npos || !handle ||
      curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    refuse(what, text, "is not a URL");
  }
  return take_apart(handle.get(), text, what);
}

Url resolve_url(const Url& base, const std::string& reference, std::string_view what) {
  const UrlHandle handle(curl_url());
  if (reference.find('\0') != std::string::npos || !handle ||
      curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) {
    refuse(what, reference, "is not a URL");
  }
  return take_apart(handle.get(), reference, what);
}

bool is_loopback(std::string_view host) {
  const bool dotted = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "::1" || (dotted && host.substr(0, 4) == "127.");
}

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (is_unreserved(c)) {
      out.push_back(raw);
    } else {
      out.push_back('%');
      out.push_back(kDigits[c >> 4]);
      out.push_back(kDigits[c & 0xF]);
    }
  }
  return out;
}

std::string expand_template(std::string_view text, const UrlVariable* variables,
                            std::size_t count) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at);
    out += text.substr(at, open - at);
    if (open == std::string_view::npos) {
      break;
    }
    const std::size_t close = text.find('}', open);
    const std::string_view name =
        text.substr(open + 1, close == std::string_view::npos ? close : close - open - 1);
    const UrlVariable* found = std::find_if(variables, variables + count,
                                            [&](const UrlVariable& v) { return v.name == name; });
    if (close == std::string_view::npos || found == variables + count) {
      throw Error(ErrorClass::Permanent,
                  "the server's URL template has the unknown part \"" + printable(name, 60) + "\"");
    }
    out += percent_encode(found->value);
    at = close + 1;
  }
  return out;
}

}  // namespace mailpipe::jmap
