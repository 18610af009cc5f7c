// A source of made-up mail for tests of the whole program.
#include <mailpipe/plugin.hpp>

#include <stdexcept>
#include <string>

namespace {

using namespace mailpipe;

class MadeUp final : public Source {
 public:
  MadeUp(const Options& options, Host& host)
      : count_(options.number("count")),
        bad_(options.json().value("bad", -1)),
        fail_(options.text("fail")),
        has_token_(options.has("token")),
        host_(host) {}

  void check() override { trouble(); }

  void list(const Cursors& cursors, Emitter& emitter) override {
    trouble();
    const StreamId stream = emitter.stream("all", "All mail");
    for (const Cursor& cursor : cursors) {
      if (!cursor.value.empty()) {
        return emitter.checkpoint(stream, cursor.value);
      }
    }
    emitter.estimate(stream, count_);
    emitter.mailbox(stream, {.id = "in", .path = {"Inbox"}, .role = "inbox"});
    emitter.listing_begin(stream);
    for (std::uint64_t i = 0; i < count_; ++i) {
      Item item;
      item.key = "made-up:" + std::to_string(i);
      item.stream = stream;
      item.server_id = "M" + std::to_string(i);
      item.ref = std::to_string(i);
      item.size = body(item.ref).size();
      item.received_at = std::chrono::sys_seconds(std::chrono::seconds(1700000000 + i));
      item.places.push_back({.id = "in", .path = {}, .role = {}});
      emitter.listed(std::move(item));
    }
    emitter.listing_end(stream);
    emitter.checkpoint(stream, "{\"done\":true}");
  }

  void fetch(WorkQueue& queue) override {
    for (;;) {
      const Taken taken = queue.take({});
      if (taken.state == Taken::State::End) {
        return;
      }
      for (const Work& work : taken.works) {
        if (work.ref == std::to_string(bad_)) {
          queue.fail(work.token, Error(ErrorClass::Item, "the server cannot read it"));
          continue;
        }
        auto writer = queue.open(work.token);
        writer->write(body(work.ref));
        writer->done();
      }
    }
  }

 private:
  static std::string body(const std::string& ref) {
    return "Subject: message " + ref + "\r\nMessage-ID: <" + ref + "@example.org>\r\n\r\nHello " +
           ref + "\r\n";
  }

  void trouble() {
    if (has_token_) {
      host_.log(LogLevel::Warn, "the token is " + host_.secret("/token"),
                {{"token", host_.secret("/token")}});
    }
    if (fail_ == "auth") {
      throw Error(ErrorClass::Auth,
                  "login refused" + (has_token_ ? " for " + host_.secret("/token") : ""),
                  "check the token");
    }
    if (fail_ == "bug") {
      throw std::logic_error("a slip");
    }
    if (fail_ == "wait") {
      host_.log(LogLevel::Info, "waiting");
      host_.wait(std::chrono::hours(1));
    }
  }

  std::uint64_t count_;
  std::int64_t bad_;
  std::string fail_;
  bool has_token_;
  Host& host_;
};

}  // namespace

MAILPIPE_PLUGIN(mailpipe::component<MadeUp>("made-up"));
