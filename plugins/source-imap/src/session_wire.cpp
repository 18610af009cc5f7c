// Writing and reading, waiting for either, and how a connection ends.
#include "errors.hpp"
#include "session_impl.hpp"

#include <mailpipe/host.hpp>

#include <poll.h>

#include <algorithm>
#include <utility>

namespace mailpipe::imap {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kReceivesAtOnce = 16;
constexpr std::size_t kLastOctets = 512;

}  // namespace

/// One pump().
void Session::Impl::step(int wake_fd, milliseconds most) {
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

void Session::Impl::write() {
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
bool Session::Impl::read() {
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

void Session::Impl::remember(std::string_view octets) {
  last_octets += octets.substr(octets.size() - std::min(octets.size(), kLastOctets));
  last_octets.erase(0, last_octets.size() - std::min(last_octets.size(), kLastOctets));
}

/// Some servers say BYE in the middle of a literal: what must be done then is in those words.
void Session::Impl::throw_bye_in_literal() {
  const std::size_t at = last_octets.rfind("\n* BYE ");
  if (at == std::string::npos || !last_octets.ends_with("\r\n") ||
      last_octets.find('\n', at + 1) != last_octets.size() - 1) {
    return;
  }
  const std::size_t from = at + std::string_view("\n* BYE ").size();
  take(Bye{last_octets.substr(from, last_octets.size() - 2 - from)});
}

/// The server's last words say more than that the connection is gone.
void Session::Impl::throw_end(const Error& ended) {
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
bool Session::Impl::wait(int wake_fd, milliseconds most) {
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

void Session::Impl::report() {
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

void Session::Impl::say_goodbye() const noexcept {
  if (!transport || broken || !greeted || queue.size() > 0) {
    return;
  }
  try {
    transport->send("M0 LOGOUT\r\n");
  } catch (const std::exception&) {
    return;  // it is gone already
  }
}

}  // namespace mailpipe::imap
