#pragma once

#include "login.hpp"
#include "session.hpp"
#include "support/fake_host.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::imap {

/// Keeps all that one command was answered.
struct Recorder : Answer {
  struct Body : BodyTarget {
    explicit Body(std::string& target, bool& whole) : octets(target), is_whole(whole) {}

    void write(std::string_view more) override { octets += more; }

    void done() override { is_whole = true; }

    std::string& octets;
    bool& is_whole;
  };

  struct Kept {
    std::uint32_t uid;
    std::uint64_t announced;
    std::string octets;
    bool whole = false;
  };

  void untagged(const Untagged& response) override { all.push_back(response); }

  std::unique_ptr<BodyTarget> body(std::uint32_t uid, std::uint64_t octets) override {
    bodies.push_back(std::make_unique<Kept>(Kept{uid, octets, {}, false}));
    return std::make_unique<Body>(bodies.back()->octets, bodies.back()->whole);
  }

  void unreadable(const Error& why) override { unreadables.emplace_back(why.what()); }

  void completed(const Completion& said) override { result = said; }

  template <class T>
  std::vector<T> of() const {
    std::vector<T> found;
    for (const Untagged& response : all) {
      if (const T* value = std::get_if<T>(&response)) {
        found.push_back(*value);
      }
    }
    return found;
  }

  std::vector<Untagged> all;
  std::vector<std::unique_ptr<Kept>> bodies;
  std::vector<std::string> unreadables;
  std::optional<Completion> result;
};

/// One session with its own host, settings and login.
struct Client {
  explicit Client(int port, std::string user = "anna") {
    settings.host = "localhost";
    settings.port = static_cast<std::uint16_t>(port);
    settings.tls = Tls::None;
    settings.user = std::move(user);
    settings.timeout = std::chrono::seconds(10);
    host.secrets["/password"] = "secret";
  }

  Session& open() {
    login.emplace(host, settings.user, login_option(settings));
    session.emplace(settings, host, *login);
    session->open();
    return *session;
  }

  std::shared_ptr<Recorder> send(Command command) {
    auto answer = std::make_shared<Recorder>();
    session->send(std::move(command), answer);
    return answer;
  }

  std::shared_ptr<Recorder> ask(Command command) {
    auto answer = send(std::move(command));
    session->finish();
    return answer;
  }

  test::FakeHost host;
  Settings settings;
  std::optional<LoginKeeper> login;
  std::optional<Session> session;
};

/// What the call throws; a class that nothing throws when it does not.
template <class Call>
Error error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorClass::CursorLost, "nothing was thrown"};
}

}  // namespace mailpipe::imap
