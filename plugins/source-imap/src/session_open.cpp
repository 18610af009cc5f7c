// The beginning of a session: connected, greeted, logged in.
#include "authenticate.hpp"
#include "errors.hpp"
#include "session_impl.hpp"

#include <mailpipe/host.hpp>

#include <utility>

namespace mailpipe::imap {

namespace {

using std::chrono::milliseconds;

/// The answer to a command of the session's own.
class OwnAnswer : public Answer {
 public:
  void completed(const Completion& said) override { result = said; }

  std::optional<Completion> result;
};

}  // namespace

void Session::Impl::open() {
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
void Session::Impl::connect() {
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

Completion Session::Impl::log_in(const Login& current) {
  Authentication way = authentication(settings, current, offered, where);
  const auto answer = std::make_shared<OwnAnswer>();
  knows_capabilities = false;  // those after the login differ
  login_generation = current.generation;
  queue.push(way.command, answer, literals(), std::move(way.responder));
  drive();
  return *answer->result;
}

void Session::Impl::ask_capabilities() {
  const auto answer = std::make_shared<OwnAnswer>();
  queue.push(Command("CAPABILITY"), answer, literals());
  drive();
  if (!answer->result->ok() || !knows_capabilities) {
    throw Error(ErrorClass::Permanent, where + ": the server does not say what it can",
                "is this an IMAP server?");
  }
}

void Session::Impl::drive() {
  while (queue.size() > 0) {
    step(-1, milliseconds::max());
  }
}

Literals Session::Impl::literals() const {
  return offered.has("LITERAL+")                               ? Literals::All
         : offered.has("LITERAL-") || offered.has("IMAP4REV2") ? Literals::Small
                                                               : Literals::Waiting;
}

void Session::Impl::greet(const Code& code) {
  greeted = true;
  if (code.name == "CAPABILITY") {
    learn(read_words(code.argument));
  }
}

void Session::Impl::learn(std::set<std::string> words) {
  offered = Capabilities(std::move(words));
  knows_capabilities = true;
}

}  // namespace mailpipe::imap
