#include "http_call.hpp"

namespace mailpipe::jmap {

namespace {

class Collector : public HttpReceiver {
 public:
  void data(std::string_view octets) override { result.body += octets; }

  void finished(const HttpReply& reply) override {
    result.reply = reply;
    done = true;
  }

  CallResult result;
  bool done = false;
};

}  // namespace

CallResult call(HttpClient& client, HttpRequest request, Host& host) {
  Collector collector;
  client.start(std::move(request), collector);
  try {
    while (!collector.done) {
      if (host.cancelled() == Cancel::Abort) {
        throw Error(ErrorClass::Cancelled, "stopped");
      }
      client.step(std::chrono::seconds(10), {host.cancel_fd()});
    }
  } catch (...) {
    client.give_up();  // the collector is about to go
    throw;
  }
  return std::move(collector.result);
}

}  // namespace mailpipe::jmap
