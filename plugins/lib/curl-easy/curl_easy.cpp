#include "curl_easy.hpp"

#include <mailpipe/error.hpp>

namespace mailpipe {

namespace {

void start_libcurl_once() {
  static const CURLcode result = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (result != CURLE_OK) {
    throw Error(ErrorClass::Internal,
                std::string("libcurl does not start: ") + curl_easy_strerror(result));
  }
}

}  // namespace

CurlEasy::CurlEasy() : error_text_(std::make_unique<ErrorText>()) {
  start_libcurl_once();
  error_text_->fill('\0');
  handle_.reset(curl_easy_init());
  if (!handle_) {
    throw Error(ErrorClass::Internal, "libcurl gives no session");
  }
  set(CURLOPT_ERRORBUFFER, error_text_->data());
}

void CurlEasy::add_header(const std::string& line) {
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) {
    throw Error(ErrorClass::Internal, "out of memory for a request header");
  }
  headers_.release();  // NOLINT(bugprone-unused-return-value): `longer` starts with it
  headers_.reset(longer);
}

void CurlEasy::reset() {
  curl_easy_reset(handle_.get());
  headers_.reset();
  error_text_->fill('\0');
  set(CURLOPT_ERRORBUFFER, error_text_->data());
}

void CurlEasy::check(CURLcode code, CURLoption option) {
  if (code != CURLE_OK) {
    throw Error(ErrorClass::Internal, "libcurl refuses option " +
                                          std::to_string(static_cast<int>(option)) + ": " +
                                          curl_easy_strerror(code));
  }
}

}  // namespace mailpipe
