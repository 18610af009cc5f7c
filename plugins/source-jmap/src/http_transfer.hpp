#pragma once

#include "curl_easy.hpp"
#include "http_client.hpp"

#include <exception>

namespace mailpipe::jmap {

/// One request on its way: its libcurl session, what has come so far, and what its receiver threw.
///
/// Stays at one address while libcurl holds it (callbacks get `this`).
class HttpClient::Transfer {
 public:
  /// Sets everything up for the request; the same object serves one request after the other.
  void prepare(HttpRequest request, HttpReceiver& receiver, const HttpSettings& settings,
               PlainSockets& sockets);

  /// Sets the next URL of the same request after a redirect.
  void redirect_to(Url url);

  /// Fills in what libcurl knows at the end.
  void conclude(CURLcode code);

  CURL* handle() const noexcept { return easy_.get(); }

  CurlEasy& easy() noexcept { return easy_; }

  const HttpRequest& request() const noexcept { return request_; }

  const HttpReply& reply() const noexcept { return reply_; }

  const std::string& location() const noexcept { return location_; }

  HttpReceiver& receiver() const noexcept { return *receiver_; }

  const std::exception_ptr& thrown() const noexcept { return thrown_; }

  unsigned hops() const noexcept { return hops_; }

 private:
  void set_transport(const HttpSettings& settings, PlainSockets& sockets);
  void set_request();
  void forget_answer();
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void header_line(std::string_view line);
  bool body(std::string_view octets);

  CurlEasy easy_;
  HttpRequest request_;
  HttpReply reply_;
  HttpReceiver* receiver_ = nullptr;
  std::exception_ptr thrown_;
  std::string location_;
  std::size_t header_octets_ = 0;
  bool headers_ended_ = false;
  unsigned hops_ = 0;
};

}  // namespace mailpipe::jmap
