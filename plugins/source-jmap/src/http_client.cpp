#include "http_client.hpp"

#include "http_transfer.hpp"

namespace mailpipe::jmap {

namespace {

constexpr unsigned kMostHops = 3;

void check(CURLMcode code) {
  if (code != CURLM_OK) {
    throw Error(ErrorClass::Internal, std::string("libcurl: ") + curl_multi_strerror(code));
  }
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

HttpClient::HttpClient(HttpSettings settings, const HostPolicy& policy)
    : settings_(std::move(settings)),
      policy_(policy) {
  idle_.push_back(std::make_unique<Transfer>());  // starts libcurl
  multi_.reset(curl_multi_init());
  if (!multi_) {
    throw Error(ErrorClass::Internal, "libcurl gives no multi session");
  }
  check(
      curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX)));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS,
                          static_cast<long>(settings_.connections)));
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAX_CONCURRENT_STREAMS,
                          static_cast<long>(settings_.streams)));
}

HttpClient::~HttpClient() {
  give_up();
}

void HttpClient::give_up() {
  for (auto& [handle, transfer] : transfers_) {
    curl_multi_remove_handle(multi_.get(), handle);
  }
  transfers_.clear();
}

void HttpClient::count(std::string_view name, std::uint64_t add) const {
  if (settings_.count && add > 0) {
    settings_.count(name, add);
  }
}

void HttpClient::start(HttpRequest request, HttpReceiver& receiver) {
  policy_.require(request.url, "a request");
  std::unique_ptr<Transfer> transfer;
  if (idle_.empty()) {
    transfer = std::make_unique<Transfer>();
  } else {
    transfer = std::move(idle_.back());
    idle_.pop_back();
  }
  transfer->prepare(std::move(request), receiver, settings_, sockets_);
  check(curl_multi_add_handle(multi_.get(), transfer->handle()));
  count("http_requests", 1);
  CURL* const handle = transfer->handle();
  transfers_.emplace(handle, std::move(transfer));
}

void HttpClient::step(std::chrono::milliseconds timeout, const std::vector<int>& fds) {
  int running = 0;
  check(curl_multi_perform(multi_.get(), &running));
  bool ended = false;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE) {
      ended = true;
      finish(message->easy_handle, message->data.result);
    }
  }
  if (ended) {
    return;
  }
  std::vector<curl_waitfd> extra;
  for (const int fd : fds) {
    extra.push_back({fd, CURL_WAIT_POLLIN, 0});
  }
  check(curl_multi_poll(multi_.get(), extra.data(), static_cast<unsigned>(extra.size()),
                        static_cast<int>(timeout.count()), nullptr));
  sockets_.acknowledge();
}

void HttpClient::learn_version(CURL* handle) {
  long version = 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
  if (version == CURL_HTTP_VERSION_2_0) {
    multiplexed_ = true;
  }
  long opened = 0;
  curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &opened);
  count("connections", static_cast<std::uint64_t>(opened > 0 ? opened : 0));
}

void HttpClient::finish(CURL* handle, CURLcode code) {
  check(curl_multi_remove_handle(multi_.get(), handle));
  auto found = transfers_.find(handle);
  std::unique_ptr<Transfer> transfer = std::move(found->second);
  transfers_.erase(found);
  learn_version(handle);
  transfer->conclude(code);
  if (transfer->thrown()) {
    std::rethrow_exception(transfer->thrown());
  }
  const HttpReply& reply = transfer->reply();
  const bool may_follow = is_redirect(reply.status) && !transfer->location().empty() &&
                          (!transfer->request().json || reply.status >= 307);
  if (reply.transport == CURLE_OK && may_follow && transfer->hops() < kMostHops) {
    Url next = resolve_url(reply.url, transfer->location(), "a redirect");
    policy_.require(next, "a redirect");
    transfer->redirect_to(std::move(next));
    check(curl_multi_add_handle(multi_.get(), handle));
    count("http_requests", 1);
    transfers_.emplace(handle, std::move(transfer));
    return;
  }
  HttpReceiver& receiver = transfer->receiver();
  const HttpReply ended = reply;
  idle_.push_back(std::move(transfer));
  receiver.finished(ended);
}

}  // namespace mailpipe::jmap
