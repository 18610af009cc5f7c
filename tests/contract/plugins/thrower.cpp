// Components that throw in the callback named by the option "at" what the option "throw" says; and do their work, which
// a test can follow, in all others.
#include <mailpipe/plugin.hpp>

#include <stdexcept>

namespace {

using namespace mailpipe;

class Trap {
 public:
  explicit Trap(const Options& options)
      : at_(options.text_or("at", "")),
        what_(options.text_or("throw", "")) {
    (*this)("create");
  }

  void operator()(std::string_view callback) const {
    if (callback != at_) {
      return;
    }
    if (what_ == "error") {
      throw Error(ErrorClass::RateLimit, "slow down", "wait a little")
          .retry_after(std::chrono::seconds(7))
          .detail("http_status", "429");
    }
    if (what_ == "std") {
      throw std::logic_error("a slip");
    }
    throw 42;
  }

 private:
  std::string at_, what_;
};

class ThrowingSource final : public Source {
 public:
  ThrowingSource(const Options& options, Host& /*host*/) : trap_(options) {}

  std::uint32_t fetch_threads() const override {
    trap_("fetch_threads");
    return 2;
  }

  void check() override { trap_("check"); }

  void list(const Cursors& cursors, Emitter& emitter) override {
    trap_("list");
    const StreamId stream = emitter.stream("one", "One");
    for (const Cursor& cursor : cursors) {
      emitter.checkpoint(cursor.stream, cursor.value + "+");
    }
    Item item;
    item.key = "key-1";
    item.stream = stream;
    item.size = 3;
    item.received_at = std::chrono::sys_seconds(std::chrono::seconds(1000));
    item.places.push_back({.id = "inbox", .path = {"In", "Box"}, .role = "inbox"});
    item.keywords = {"$seen"};
    item.attributes = {{"a", "b"}};
    emitter.listed(item);
    emitter.removed(stream, "key-0");
    emitter.estimate(stream, 7);
    emitter.mailbox(stream, item.places.front());
  }

  void fetch(WorkQueue& queue) override {
    trap_("fetch");
    for (;;) {
      const Taken taken = queue.take({});
      if (taken.state == Taken::State::End) {
        return;
      }
      for (const Work& work : taken.works) {
        if (work.key == "gone") {
          queue.gone(work.token);
        } else if (work.key == "bad") {
          queue.fail(work.token, Error(ErrorClass::Item, "broken"));
        } else {
          auto body = queue.open(work.token);
          body->write("octets of ");
          body->write(work.ref);
          body->done();
        }
      }
    }
  }

 private:
  Trap trap_;
};

class ThrowingFilter final : public Filter {
 public:
  ThrowingFilter(const Options& options, Host& host) : trap_(options), host_(host) {}

  Needs needs() const override {
    trap_("needs");
    return Needs::Headers;
  }

  Verdict judge(const Item& item, const Body* /*body*/) override {
    trap_("judge");
    host_.count("judged");
    if (item.key == "old") {
      return Verdict::drop("too-old");
    }
    Verdict verdict = Verdict::keep();
    verdict.name = item.key + ".eml";
    verdict.places = item.places;
    verdict.token = 5;
    return verdict;
  }

  void settle(std::uint64_t /*token*/, bool /*durable*/) override { trap_("settle"); }

 private:
  Trap trap_;
  Host& host_;
};

class ThrowingSink final : public Sink {
 public:
  ThrowingSink(const Options& options, Host& /*host*/) : trap_(options) {}

  void open(bool /*read_only*/) override { trap_("open"); }

  RootState root() override {
    trap_("root");
    return {.marker = marker_, .empty = false};
  }

  void mark(const std::string& text) override {
    trap_("mark");
    marker_ = text;
  }

  Staged store(const Item& item, const Body& body) override {
    trap_("store");
    return {.token = body.head(100), .placed = {{"inbox", item.key}}};
  }

  void publish(const Staged& /*staged*/) override { trap_("publish"); }

  void discard(const Staged& /*staged*/) override { trap_("discard"); }

  void sync(SyncPhase /*phase*/) override { trap_("sync"); }

  bool recover(const Intent& intent) override {
    trap_("recover");
    return intent.token == "mine";
  }

  void sweep() override { trap_("sweep"); }

  Staged link(const Receipt& receipt, const Item& /*item*/, const std::string& place) override {
    trap_("link");
    return {.token = "t", .placed = {{place, receipt.location}}};
  }

  std::string update(const Receipt& receipt, const Item& /*item*/) override {
    trap_("update");
    return receipt.location + "!" + (receipt.keywords.empty() ? "" : receipt.keywords.front());
  }

  void remove(const Receipt& /*receipt*/, Removal /*how*/) override { trap_("remove"); }

  void mailbox(MailboxChange /*change*/, const Mailbox& /*mailbox*/) override {
    trap_("mailboxes");
  }

  void read(const Receipt& /*receipt*/, const std::function<void(std::string_view)>& out) override {
    trap_("read");
    out("some ");
    out("octets");
  }

  void scan(const std::function<void(const Found&)>& out) override {
    trap_("scan");
    Found found;
    found.location = "a/b";
    found.size = 12;
    found.server_ids = {"x", "y"};
    found.path = {"In", "Box"};
    found.ref = "7:9";
    found.original = {.size = 14, .digest = {1}, .header_digest = {2}};
    out(found);
  }

 private:
  Trap trap_;
  std::string marker_;
};

}  // namespace

MAILPIPE_PLUGIN(mailpipe::component<ThrowingSource>("thrower"),
                mailpipe::component<ThrowingFilter>("thrower"),
                mailpipe::component<ThrowingSink>("thrower"));
