#include "fetcher.hpp"

#include "api.hpp"
#include "email.hpp"
#include "fields.hpp"
#include "http_error.hpp"

#include <mailpipe/printable.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mailpipe::jmap {

namespace {

constexpr unsigned kMostTries = 3;
constexpr unsigned kMostPauses = 3;
/// A wait beyond this is the engine's to decide: it knows how much patience the run has.
constexpr std::chrono::milliseconds kLongestOwnPause = std::chrono::seconds(10);
constexpr unsigned kMostInFlightWithoutMultiplexing = 8;
constexpr std::uint64_t kMostBytesAtOnce = 64U * 1024U * 1024U;

Pacer::Time now() {
  return std::chrono::steady_clock::now();
}

Error item_failure(const HttpReply& reply, const std::string& email_id, const std::string& why) {
  return {ErrorClass::Item, printable(reply.url.authority(), 300) + ", message " +
                                printable(email_id, 300) + ": " + why};
}

/// Whether there is no use in asking this server anything else right now.
bool is_out_of_reach(const HttpReply& reply) {
  return reply.transport == CURLE_COULDNT_CONNECT ||
         reply.transport == CURLE_COULDNT_RESOLVE_HOST ||
         reply.transport == CURLE_COULDNT_RESOLVE_PROXY || !reply.certificate_trouble.empty();
}

}  // namespace

/// Something in flight.
class Fetcher::Transfer : public HttpReceiver {
 public:
  explicit Transfer(Fetcher& fetcher) : fetcher_(fetcher) {}

  bool over() const noexcept { return over_; }

 protected:
  Fetcher& fetcher() noexcept { return fetcher_; }

  void end() noexcept { over_ = true; }

 private:
  Fetcher& fetcher_;
  bool over_ = false;
};

/// One message's octets on their way into the queue.
class Fetcher::Download : public Transfer {
 public:
  Download(Fetcher& fetcher, Waiting work)
      : Transfer(fetcher),
        work_(std::move(work)),
        started_(now()) {}

  void data(std::string_view octets) override {
    if (!writer_) {
      writer_ = fetcher().world_.queue.open(work_.work.token);
    }
    if (work_.work.want == Want::Headers) {
      octets = header_part(octets);
    }
    if (!octets.empty()) {
      writer_->write(octets);
    }
  }

  void finished(const HttpReply& reply) override {
    end();
    if (reply.ok() && !writer_) {
      data({});
    }
    fetcher().download_ended(std::move(work_), reply, std::move(writer_), started_);
  }

 private:
  /// Up to and with the empty line. Most servers know no ranges for blobs, so the rest comes too and is dropped.
  std::string_view header_part(std::string_view octets) {
    for (std::size_t i = 0; i < octets.size(); ++i) {
      if (line_is_empty_ && octets[i] == '\n') {
        const std::string_view rest = header_over_ ? std::string_view() : octets.substr(0, i + 1);
        header_over_ = true;
        return rest;
      }
      if (octets[i] != '\r') {
        line_is_empty_ = octets[i] == '\n';
      }
    }
    return header_over_ ? std::string_view() : octets;
  }

  Waiting work_;
  Pacer::Time started_;
  std::unique_ptr<BodyWriter> writer_;
  bool line_is_empty_ = true;
  bool header_over_ = false;
};

/// After a 404, or octets that do not fit: is the message still there, under which blobId, and how long is it?
class Fetcher::Lookup : public Transfer {
 public:
  Lookup(Fetcher& fetcher, Waiting work) : Transfer(fetcher), work_(std::move(work)) {}

  void data(std::string_view octets) override { body_ += octets; }

  void finished(const HttpReply& reply) override {
    end();
    fetcher().lookup_ended(std::move(work_), reply, body_);
  }

 private:
  Waiting work_;
  std::string body_;
};

Fetcher::Fetcher(HttpClient& http, JsonChannel& channel, FetchWorld world, FetchLimits limits)
    : http_(http),
      channel_(channel),
      world_(world),
      limits_(limits),
      pacer_(now()) {
  pacer_.cap(std::min(limits_.in_flight, kMostInFlightWithoutMultiplexing));
}

Fetcher::~Fetcher() {
  http_.give_up();  // before the receivers go
}

void Fetcher::run() {
  for (;;) {
    if (world_.host.cancelled() == Cancel::Abort) {
      throw Error(ErrorClass::Cancelled, "stopped");
    }
    if (trouble_ && active_.empty()) {
      pause();
    }
    take_more();
    start_waiting();
    if (active_.empty()) {
      if (ended_ && waiting_.empty()) {
        return;
      }
      continue;
    }
    http_.step(std::chrono::seconds(5), wake_fds());
    reap();
    if (http_.multiplexed()) {
      pacer_.cap(limits_.in_flight);
    }
  }
}

void Fetcher::take_more() {
  const std::size_t held = active_.size() + waiting_.size();
  if (ended_ || trouble_ || held >= pacer_.limit()) {
    return;
  }
  TakeLimits limits;
  limits.items = static_cast<std::uint32_t>(pacer_.limit() - held);
  limits.bytes = kMostBytesAtOnce;
  limits.wait = held == 0;
  Taken taken = world_.queue.take(limits);
  ended_ = taken.state == Taken::State::End;
  for (Work& work : taken.works) {
    waiting_.push_back({std::move(work)});
  }
}

void Fetcher::start_waiting() {
  while (!trouble_ && !waiting_.empty() && active_.size() < pacer_.limit()) {
    if (!session_) {
      session_ = world_.sessions.get(channel_);  // nothing is in flight yet
    }
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    HttpRequest request;
    request.url = session_->blob_url(next.work.ref, email_id_of(next.work.key) + ".eml");
    request.limit = next.work.size.value_or(limits_.message_size);
    request.login = world_.login.current();
    if (request.limit > limits_.message_size) {
      world_.queue.fail(next.work.token,
                        Error(ErrorClass::Item,
                              "message " + printable(next.work.server_id, 300) + " has " +
                                  std::to_string(request.limit) + " octets",
                              "raise max_message_size if it is wanted"));
      continue;
    }
    start(std::make_unique<Download>(*this, std::move(next)), std::move(request));
  }
}

void Fetcher::start(std::unique_ptr<Transfer> transfer, HttpRequest request) {
  active_.push_back(std::move(transfer));
  http_.start(std::move(request), *active_.back());
}

void Fetcher::reap() {
  active_.erase(std::remove_if(active_.begin(), active_.end(),
                               [](const auto& transfer) { return transfer->over(); }),
                active_.end());
}

std::vector<int> Fetcher::wake_fds() {
  std::vector<int> fds = {world_.host.cancel_fd()};
  if (!ended_ && !trouble_ && active_.size() + waiting_.size() < pacer_.limit()) {
    fds.push_back(world_.queue.wake_fd());
  }
  return fds;
}

/// The server wants less, or was gone: waits as long as it said, or ever longer.
void Fetcher::pause() {
  const Error error = *trouble_;
  trouble_.reset();
  if (++pauses_in_a_row_ > kMostPauses || error.retry_after() > kLongestOwnPause) {
    throw error;
  }
  const std::chrono::milliseconds own = std::chrono::milliseconds(250) * (1U << pauses_in_a_row_);
  world_.host.log(LogLevel::Warn, std::string(error.what()) + "; waiting before the next try");
  world_.host.wait(std::max(own, error.retry_after()));
}

void Fetcher::slow_down(const Error& error) {
  if (!trouble_ || trouble_->retry_after() < error.retry_after()) {
    trouble_ = error;
  }
}

bool Fetcher::login_again(const HttpReply& reply) {
  return reply.status == 401 && world_.login.refresh(reply.login_generation);
}

void Fetcher::put_back(Waiting work, const Error& error) {
  slow_down(error);
  if (++work.tries >= kMostTries && error.error_class() == ErrorClass::Transient) {
    world_.queue.fail(work.work.token, error);
  } else {
    waiting_.push_front(std::move(work));
  }
}

void Fetcher::download_ended(Waiting work, const HttpReply& reply,
                             std::unique_ptr<BodyWriter> writer, Pacer::Time started) {
  const std::uint64_t token = work.work.token;
  const std::string& id = work.work.server_id;
  const auto refuse = [&](const std::string& why) {
    writer.reset();
    world_.queue.fail(token, item_failure(reply, id, why));
  };
  const auto doubt = [&](const std::string& why) {
    if (work.looked_up) {
      refuse(why);
      return;
    }
    writer.reset();
    work.misfit = item_failure(reply, id, why);
    look_up(std::move(work));
  };
  if (reply.too_long && work.work.size) {
    doubt("longer than the " + std::to_string(*work.work.size) + " octets announced");
  } else if (reply.too_long) {
    refuse("longer than the " + std::to_string(limits_.message_size) +
           " octets of max_message_size");
  } else if (reply.transport == CURLE_PARTIAL_FILE) {
    refuse("the connection ended after " + std::to_string(reply.received) +
           " octets, before the message did");
  } else if (!reply.ok()) {
    writer.reset();
    download_failed(std::move(work), reply, started);
  } else if (reply.encoded) {
    refuse("came compressed, though the message was asked for as it is");
  } else if (work.work.size && *work.work.size != reply.received) {
    doubt("has " + std::to_string(reply.received) + " octets, " + std::to_string(*work.work.size) +
          " were announced");
  } else {
    delivered(reply, *writer);
  }
}

void Fetcher::delivered(const HttpReply& reply, BodyWriter& writer) {
  writer.done();
  world_.login.accepted(reply.login_generation);
  world_.host.count("blobs");
  world_.host.count("blob_bytes", reply.received);
  pacer_.completed(reply.received, now());
  pauses_in_a_row_ = 0;
}

void Fetcher::download_failed(Waiting work, const HttpReply& reply, Pacer::Time started) {
  if (login_again(reply)) {
    waiting_.push_front(std::move(work));
    return;
  }
  const std::string id = work.work.server_id;
  if (reply.transport == CURLE_OK && (reply.status == 404 || reply.status == 410)) {
    if (work.looked_up) {
      world_.queue.fail(work.work.token,
                        item_failure(reply, id, "listed, but its octets are not there (HTTP 404)"));
      return;
    }
    look_up(std::move(work));
    return;
  }
  const Error error = failure_of(reply, "message " + id);
  if (is_out_of_reach(reply) || error.error_class() == ErrorClass::Auth ||
      error.error_class() == ErrorClass::Config || error.error_class() == ErrorClass::Internal) {
    throw error;
  }
  if (!may_pass(error.error_class()) ||
      reply.status == 500) {  // 500: some servers say that of one damaged message, for ever
    world_.queue.fail(work.work.token,
                      item_failure(reply, id, "HTTP " + std::to_string(reply.status)));
    return;
  }
  if (error.error_class() == ErrorClass::RateLimit || reply.status == 503) {
    pacer_.refused(started, now());
  }
  put_back(std::move(work), error);
}

void Fetcher::look_up(Waiting work) {
  nlohmann::json arguments;
  arguments["ids"] = nlohmann::json::array({work.work.server_id});
  arguments["properties"] = email_properties();
  HttpRequest request = channel_.request(
      session_->api, request_text({make_call("Email/get", arguments)}, session_->account_id));
  start(std::make_unique<Lookup>(*this, std::move(work)), std::move(request));
}

void Fetcher::lookup_ended(Waiting work, const HttpReply& reply, const std::string& body) {
  if (!reply.ok()) {
    if (login_again(reply)) {
      waiting_.push_front(std::move(work));
      return;
    }
    const Error error = failure_of(reply, "Email/get");
    if (!may_pass(error.error_class())) {
      throw error;
    }
    put_back(std::move(work), error);
    return;
  }
  const std::string server = reply.url.authority();
  const MethodResult result =
      read_results(parse_answer(body, server + ", Email/get"),
                   {make_call("Email/get", nlohmann::json::object())}, server)
          .front();
  if (result.failed()) {
    const Error error = failure_of(result);
    if (!may_pass(error.error_class())) {
      throw error;
    }
    put_back(std::move(work), error);
    return;
  }
  const EmailPage page = read_emails(result, session_->account_id, work.work.stream);
  if (page.items.empty() || page.items.front().server_id != work.work.server_id) {
    if (page.not_found.count(work.work.server_id) != 0) {
      world_.queue.gone(work.work.token);
      return;
    }
    world_.queue.fail(work.work.token, item_failure(reply, work.work.server_id,
                                                    "Email/get neither finds nor misses it"));
    return;
  }
  const Item& now = page.items.front();
  if (work.misfit && now.ref == work.work.ref && now.size == work.work.size) {
    world_.queue.fail(work.work.token, *work.misfit);
    return;
  }
  work.looked_up = true;
  work.work.ref = now.ref;
  work.work.size = now.size;
  waiting_.push_front(std::move(work));
}

}  // namespace mailpipe::jmap
