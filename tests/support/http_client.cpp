#include "support/http_client.hpp"

#include <mailpipe/c_ptr.hpp>

#include <curl/curl.h>

#include <stdexcept>
#include <utility>

namespace mailpipe::testing {
namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* user) {
  static_cast<std::string*>(user)->append(data, size * count);
  return size * count;
}

CURL* make_handle() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  return started == CURLE_OK ? curl_easy_init() : nullptr;
}

}  // namespace

struct HttpClient::State {
  CPtr<CURL, curl_easy_cleanup> handle{make_handle()};
  std::string user;
  std::string password;
  std::string ca_file;

  void prepare(const std::string& url) const {
    CURL* curl = handle.get();
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_USERNAME, user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    if (!ca_file.empty()) {
      curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
    }
  }

  HttpAnswer perform(const std::string& url) const {
    HttpAnswer answer;
    CURL* curl = handle.get();
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    const CURLcode result = curl_easy_perform(curl);
    if (result != CURLE_OK) {
      throw std::runtime_error(url + ": " + curl_easy_strerror(result));
    }
    long version = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(curl, CURLINFO_HTTP_VERSION, &version);
    answer.http2 = version == CURL_HTTP_VERSION_2_0;
    return answer;
  }
};

HttpClient::HttpClient(std::string user, std::string password, std::string ca_file)
    : state_(std::make_unique<State>()) {
  if (!state_->handle) {
    throw std::runtime_error("libcurl does not start");
  }
  state_->user = std::move(user);
  state_->password = std::move(password);
  state_->ca_file = std::move(ca_file);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::get(const std::string& url) {
  state_->prepare(url);
  return state_->perform(url);
}

HttpAnswer HttpClient::post(const std::string& url, const std::string& body,
                            const std::string& type) {
  state_->prepare(url);
  const CPtr<curl_slist, curl_slist_free_all> headers(
      curl_slist_append(curl_slist_append(nullptr, ("Content-Type: " + type).c_str()), "Expect:"));
  CURL* curl = state_->handle.get();
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POST, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  return state_->perform(url);
}

}  // namespace mailpipe::testing
