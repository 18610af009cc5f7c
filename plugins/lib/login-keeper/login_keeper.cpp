#include "login_keeper.hpp"

#include <mailpipe/error.hpp>
#include <mailpipe/host.hpp>

#include <algorithm>

namespace mailpipe {

LoginKeeper::LoginKeeper(Host& host, std::string user, Option option)
    : host_(host),
      user_(std::move(user)),
      option_(option) {}

LoginKeeper::LoginKeeper(Host& host, const std::string& user)
    : LoginKeeper(host, user, user.empty() ? Option::Token : Option::Password) {}

std::shared_ptr<const Login> LoginKeeper::read(bool again, unsigned generation) {
  auto login = std::make_shared<Login>();
  login->user = user_;
  login->is_token = option_ == Option::Token;
  login->secret = host_.secret(login->is_token ? "/token" : "/password", again);
  login->generation = generation;
  // A line break in a token would end the header or the command and begin another one.
  const bool sendable = std::all_of(
      login->secret.begin(), login->secret.end(),
      [&](unsigned char c) { return c != 0x7F && c >= (login->is_token ? 0x21 : 0x20); });
  if (login->secret.empty() || !sendable) {
    throw Error(ErrorClass::Config,
                std::string(login->is_token ? "the token" : "the password") +
                    (login->secret.empty() ? " is empty"
                                           : " holds a space, a line break or a control character"),
                "see where the option takes it from");
  }
  return login;
}

std::shared_ptr<const Login> LoginKeeper::current() {
  const std::lock_guard lock(mutex_);
  if (!login_) {
    login_ = read(false, 1);
  }
  return login_;
}

void LoginKeeper::accepted(unsigned generation) {
  const std::lock_guard lock(mutex_);
  if (login_ && login_->generation == generation) {
    may_refresh_ = true;
  }
}

bool LoginKeeper::refresh(unsigned refused_generation) {
  const std::lock_guard lock(mutex_);
  if (login_ && login_->generation != refused_generation) {
    return true;
  }
  if (!may_refresh_) {
    return false;
  }
  may_refresh_ = false;
  const std::string before = login_ ? login_->secret : std::string();
  login_ = read(true, refused_generation + 1);
  return login_->secret != before;
}

}  // namespace mailpipe
