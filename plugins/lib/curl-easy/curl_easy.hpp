#pragma once

#include <mailpipe/c_ptr.hpp>

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

namespace mailpipe {

/// One libcurl easy session: its options, its request headers and its error text.
///
/// Move-only. Not thread-safe: one thread at a time, as libcurl asks. Safe to reuse for many requests; reset() forgets
/// everything but what the multi handle shares (connections, TLS sessions, DNS).
class CurlEasy {
 public:
  /// Runs curl_global_init once per process. Throws Error if libcurl cannot start.
  CurlEasy();

  /// curl_easy_setopt, checked: an option that this libcurl does not take is an Error, never silently lost.
  template <class T>
  void set(CURLoption option, T value) {
    check(curl_easy_setopt(handle_.get(), option, value), option);
  }

  /// Appends one "Name: value" line; libcurl copies the text. Takes effect with the next use_headers().
  void add_header(const std::string& line);

  void use_headers() { set(CURLOPT_HTTPHEADER, headers_.get()); }

  void reset();

  /// What libcurl said about the last failure; may be empty.
  const char* error_text() const noexcept { return error_text_->data(); }

  /// For curl_easy_getinfo and the multi interface. Do not clean up or store the pointer.
  CURL* get() const noexcept { return handle_.get(); }

 private:
  using ErrorText = std::array<char, CURL_ERROR_SIZE>;

  static void check(CURLcode code, CURLoption option);

  // The handle points into the two members above it, so it is declared last and destroyed first.
  CPtr<curl_slist, curl_slist_free_all> headers_;
  std::unique_ptr<ErrorText> error_text_;  // on the heap: libcurl keeps its address across moves
  CPtr<CURL, curl_easy_cleanup> handle_;
};

}  // namespace mailpipe
