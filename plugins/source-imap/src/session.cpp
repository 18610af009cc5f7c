#include "session.hpp"

#include "authenticate.hpp"
#include "command_queue.hpp"
#include "errors.hpp"
#include "patience.hpp"
#include "response_parser.hpp"
#include "transport.hpp"
#include "wire_reader.hpp"

#include <mailpipe/host.hpp>
#include <mailpipe/printable.hpp>

#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mailpipe::imap {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kReceive = 64U * 1024U;
constexpr std::size_t kReceivesAtOnce = 16;
constexpr std::size_t kLastOctets = 512;

/// The answer to a command of the session's own.
class OwnAnswer : public Answer {
 public:
  void completed(const Completion& said) override { result = said; }

  std::optional<Completion> result;
};

}  // namespace

struct Session::Impl : WireReader::Receiver {
  Impl(const Settings& options, Host& engine, LoginKeeper& keeper)
      : settings(options),
        host(engine),
        login(keeper),
        where(server_name(options)),
        patience(options.timeout) {}

  ~Impl() override { say_goodbye(); }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // ---- the beginning

  void open() {
    while (true) {
      connect();
      if (preauth) {
        break;
      }
      const std::shared_ptr<const Login> current = login.current();
      const Completion result = log_in(*current);
      if (result.ok()) {
        login.accepted(current->generation);
        break;
      }
      Error error = login_error(result, where);
      if (error.error_class() != ErrorClass::Auth || !login.refresh(current->generation)) {
        throw std::move(error);
      }
    }
    if (!knows_capabilities) {
      ask_capabilities();
    }
  }

  /// A new connection and what the server says that it can before a login.
  void connect() {
    transport.reset();
    reader = std::make_unique<WireReader>(*this, where);
    queue = CommandQueue();
    last_octets.clear();
    patience.reset();
    knows_capabilities = preauth = greeted = false;
    host.count("imap_connections", 1);
    transport = std::make_unique<Transport>(settings, host);
    greeted = !transport->greets();
    while (!greeted) {
      step(-1, milliseconds::max());
    }
    if (!knows_capabilities) {
      ask_capabilities();
    }
  }

  Completion log_in(const Login& current) {
    Authentication way = authentication(settings, current, offered, where);
    const auto answer = std::make_shared<OwnAnswer>();
    knows_capabilities = false;  // those after the login differ
    login_generation = current.generation;
    queue.push(way.command, answer, literals(), std::move(way.responder));
    drive();
    return *answer->result;
  }

  void ask_capabilities() {
    const auto answer = std::make_shared<OwnAnswer>();
    queue.push(Command("CAPABILITY"), answer, literals());
    drive();
    if (!answer->result->ok() || !knows_capabilities) {
      throw Error(ErrorClass::Permanent, where + ": the server does not say what it can",
                  "is this an IMAP server?");
    }
  }

  void drive() {
    while (queue.size() > 0) {
      step(-1, milliseconds::max());
    }
  }

  Literals literals() const {
    return offered.has("LITERAL+")                               ? Literals::All
           : offered.has("LITERAL-") || offered.has("IMAP4REV2") ? Literals::Small
                                                                 : Literals::Waiting;
  }

  // ---- writing and reading

  /// One pump().
  void step(int wake_fd, milliseconds most) {
    struct Report {
      Impl& impl;

      ~Report() { impl.report(); }
    } const report{*this};

    const Clock::time_point start = Clock::now();
    dispatched = 0;
    while (true) {
      write();
      const bool more = read();
      if (dispatched > 0 || (queue.size() == 0 && wake_fd < 0 && greeted)) {
        return;
      }
      const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
      if (passed >= most || !wait(wake_fd, more ? milliseconds(0) : most - passed)) {
        return;
      }
    }
  }

  void write() {
    for (std::string_view octets = queue.to_write(); !octets.empty(); octets = queue.to_write()) {
      const std::size_t sent = transport->send(octets);
      if (sent == 0) {
        return;
      }
      queue.written(sent);
      octets_out += sent;
      round_trips += std::exchange(has_read, false) ? 1 : 0;
      patience.progress(sent);
    }
  }

  /// Whether there may be more already: a body does not end this, and must not keep the caller from what it waits for.
  bool read() {
    for (std::size_t i = 0; i < kReceivesAtOnce && dispatched == 0; ++i) {
      std::size_t got = 0;
      try {
        got = transport->receive(buffer.data(), buffer.size());
      } catch (const Error& ended) {
        throw_end(ended);
      }
      if (got == 0) {
        return false;
      }
      octets_in += got;
      has_read = true;
      remember({buffer.data(), got});
      patience.progress(got);
      reader->feed({buffer.data(), got});
    }
    return true;
  }

  void remember(std::string_view octets) {
    last_octets += octets.substr(octets.size() - std::min(octets.size(), kLastOctets));
    last_octets.erase(0, last_octets.size() - std::min(last_octets.size(), kLastOctets));
  }

  /// Some servers say BYE in the middle of a literal: what must be done then is in those words.
  void throw_bye_in_literal() {
    const std::size_t at = last_octets.rfind("\n* BYE ");
    if (at == std::string::npos || !last_octets.ends_with("\r\n") ||
        last_octets.find('\n', at + 1) != last_octets.size() - 1) {
      return;
    }
    const std::size_t from = at + std::string_view("\n* BYE ").size();
    take(Bye{last_octets.substr(from, last_octets.size() - 2 - from)});
  }

  /// The server's last words say more than that the connection is gone.
  [[noreturn]] void throw_end(const Error& ended) {
    if (reader->in_response()) {
      throw_bye_in_literal();
    }
    if (last_refusal && explains_an_end(*last_refusal)) {
      throw command_error({last_refusal->status, last_refusal->code, last_refusal->text}, where);
    }
    if (reader->in_response()) {
      throw Error(ended.error_class(), std::string(ended.what()) + " in the middle of an answer",
                  ended.hint());
    }
    throw ended;
  }

  /// False: the caller is woken, or its time is up.
  bool wait(int wake_fd, milliseconds most) {
    const bool owed = queue.size() > 0 || !greeted;
    milliseconds limit = owed ? std::min(most, patience.left()) : most;
    limit = std::min<milliseconds>(limit, std::chrono::hours(1));
    pollfd fds[3] = {{transport->socket(),
                      static_cast<short>(POLLIN | (queue.to_write().empty() ? 0 : POLLOUT)), 0},
                     {host.cancel_fd(), POLLIN, 0},
                     {wake_fd, POLLIN, 0}};
    const Clock::time_point before = Clock::now();
    const int ready = ::poll(fds, 3, static_cast<int>(limit.count()));
    if (fds[1].revents != 0 || host.cancelled() == Cancel::Abort) {
      throw Error(ErrorClass::Cancelled, where + ": stopped");
    }
    if (owed) {
      patience.waited(std::chrono::duration_cast<milliseconds>(Clock::now() - before),
                      reader->in_response(), where);
    }
    return !(ready > 0 && fds[2].revents != 0);
  }

  void report() {
    const auto tell = [&](const char* name, std::uint64_t& count) {
      if (count > 0) {
        host.count(name, std::exchange(count, 0));
      }
    };
    tell("octets_in", octets_in);
    tell("octets_out", octets_out);
    tell("round_trips", round_trips);
    tell("imap_commands", commands);
    tell("imap_unknown_responses", unknown);
    tell("imap_unreadable_responses", unreadable_count);
  }

  void say_goodbye() const noexcept {
    if (!transport || broken || !greeted || queue.size() > 0) {
      return;
    }
    try {
      transport->send("M0 LOGOUT\r\n");
    } catch (const std::exception&) {
      return;  // it is gone already
    }
  }

  // ---- what the reader finds

  std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) override {
    const std::shared_ptr<Answer> answer = answer_for(uid);
    return answer ? answer->body(uid, octets) : nullptr;
  }

  void unreadable(const Error& why) override {
    ++dispatched;
    ++unreadable_count;
    const CommandQueue::Entry* entry = queue.oldest();
    if (entry != nullptr) {
      const std::shared_ptr<Answer> answer = entry->answer;
      answer->unreadable(Error(why.error_class(), where + ": " + why.what(), why.hint()));
    }
  }

  void response(std::string_view text, UidSet listed) override {
    std::optional<Parsed> parsed;
    try {
      parsed = parser.parse(text, std::move(listed));
    } catch (const Error& error) {
      if (error.error_class() != ErrorClass::Item) {
        throw Error(error.error_class(), where + ": " + error.what(), error.hint());
      }
      unreadable(error);
      return;
    }
    ++dispatched;
    std::visit([&](auto& value) { take(value); }, *parsed);
  }

  void take(Tagged& tagged) {
    const CommandQueue::Entry entry = queue.take(tagged.tag);
    ++commands;
    if (tagged.result.code.name == "CAPABILITY") {
      learn(read_words(tagged.result.code.argument));
    }
    if (tagged.result.ok()) {
      last_refusal.reset();
    } else {
      last_refusal = Notice{tagged.result.status, tagged.result.code, tagged.result.text};
      alert(tagged.result.code, tagged.result.text);
    }
    entry.answer->completed(tagged.result);
  }

  void take(const Continuation& continuation) {
    if (!queue.go_on(continuation.text)) {
      ++unknown;
    }
  }

  void take(const Bye& bye) {
    if (says_token_expired(bye.text)) {
      login.refresh(login_generation);
    }
    throw bye_error(bye.text, where);
  }

  void take(const Preauth& preauth_greeting) {
    if (greeted) {
      throw Error(ErrorClass::Transient, where + ": the server greets twice", kLaterHint);
    }
    greet(preauth_greeting.said.code);
    preauth = true;
  }

  void take(Offered& words) {
    if (words.enabled) {
      return;
    }
    learn(std::move(words.words));
  }

  void take(const Other& other) { unknown += other.known ? 0 : 1; }

  void take(FetchRow& row) const {
    const std::shared_ptr<Answer> answer = answer_for(row.data.uid);
    if (!answer) {
      return;
    }
    for (const std::string& octets : row.bodies) {
      if (const auto target = answer->body(row.data.uid, octets.size())) {
        target->write(octets);
        target->done();
      }
    }
    answer->untagged(std::move(row.data));
  }

  void take(Untagged& response) {
    if (const auto* notice = std::get_if<Notice>(&response)) {
      heed(*notice);
    }
    const bool search = std::holds_alternative<SearchData>(response);
    const std::shared_ptr<Answer> answer =
        search ? answer_of(queue.oldest([](const Answer& one) { return one.expects_search(); }))
               : answer_of(queue.oldest());
    if (answer) {
      answer->untagged(response);
    }
  }

  static std::shared_ptr<Answer> answer_of(const CommandQueue::Entry* entry) {
    return entry == nullptr ? nullptr : entry->answer;
  }

  std::shared_ptr<Answer> answer_for(std::uint32_t uid) const {
    return answer_of(
        queue.oldest([uid](const Answer& one) { return uid != 0 && one.expects_fetch(uid); }));
  }

  void heed(const Notice& notice) {
    if (!greeted) {
      if (notice.status != Completion::Status::Ok) {
        throw command_error({notice.status, notice.code, notice.text}, where);
      }
      greet(notice.code);
      return;
    }
    if (notice.code.name == "CAPABILITY") {
      learn(read_words(notice.code.argument));
    }
    if (notice.status != Completion::Status::Ok) {
      last_refusal = notice;
    }
    alert(notice.code, notice.text);
  }

  void greet(const Code& code) {
    greeted = true;
    if (code.name == "CAPABILITY") {
      learn(read_words(code.argument));
    }
  }

  void learn(std::set<std::string> words) {
    offered = Capabilities(std::move(words));
    knows_capabilities = true;
  }

  /// RFC 9051 section 7.1: the text must be shown to people.
  void alert(const Code& code, const std::string& text) {
    if (code.name == "ALERT") {
      host.log(LogLevel::Warn, where + " says: " + printable(text, 300));
    }
  }

  const Settings& settings;
  Host& host;
  LoginKeeper& login;
  const std::string where;
  Patience patience;
  ResponseParser parser;
  std::unique_ptr<WireReader> reader;
  CommandQueue queue;
  std::unique_ptr<Transport> transport;
  std::string buffer = std::string(kReceive, '\0');
  Capabilities offered;
  std::optional<Notice> last_refusal;
  unsigned login_generation = 0;
  bool knows_capabilities = false, preauth = false, greeted = false, has_read = false;
  bool broken = true;
  std::size_t dispatched = 0;
  std::string last_octets;
  std::uint64_t octets_in = 0, octets_out = 0, round_trips = 0, commands = 0;
  std::uint64_t unknown = 0, unreadable_count = 0;
};

Session::Session(const Settings& settings, Host& host, LoginKeeper& login)
    : impl_(std::make_unique<Impl>(settings, host, login)) {}

Session::~Session() = default;

void Session::open() {
  impl_->open();
  impl_->broken = false;
}

const Capabilities& Session::capabilities() const noexcept {
  return impl_->offered;
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): callers make it for this
void Session::send(Command command, std::shared_ptr<Answer> answer) {
  impl_->queue.push(command, std::move(answer), impl_->literals());
}

void Session::pump(int wake_fd, milliseconds most) {
  if (impl_->broken) {
    throw Error(ErrorClass::Transient, impl_->where + ": the connection is gone", kLaterHint);
  }
  impl_->broken = true;  // until this ends well
  impl_->step(wake_fd, most);
  impl_->broken = false;
}

void Session::finish() {
  while (unanswered() > 0) {
    pump(-1, milliseconds::max());
  }
}

std::size_t Session::unanswered() const noexcept {
  return impl_->queue.size();
}

std::size_t Session::command_octets() const noexcept {
  return impl_->queue.octets();
}

bool Session::broken() const noexcept {
  return impl_->broken;
}

}  // namespace mailpipe::imap
