#include "session.hpp"

#include "errors.hpp"
#include "session_impl.hpp"

#include <mailpipe/host.hpp>

#include <utility>

namespace mailpipe::imap {

using std::chrono::milliseconds;

Session::Impl::Impl(const Settings& options, Host& engine, LoginKeeper& keeper)
    : settings(options),
      host(engine),
      login(keeper),
      where(server_name(options)),
      patience(options.timeout) {}

Session::Impl::~Impl() {
  say_goodbye();
}

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
