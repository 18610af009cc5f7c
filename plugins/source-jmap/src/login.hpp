#pragma once

#include <memory>
#include <mutex>
#include <string>

namespace mailpipe {
class Host;
}

namespace mailpipe::jmap {

/// What proves who we are: a bearer token, or a user's name and password.
struct Login {
  std::string user;    ///< empty: `secret` is a bearer token
  std::string secret;  ///< never in a message or a log
  unsigned generation = 0;
};

/// Reads the secret from the host when first needed, and again when the server no longer takes it.
///
/// Threads  Any; list() and fetch() share one.
/// Errors   Throws Error (Auth, Config) from the host, and Config for a secret that cannot be sent in a header.
class LoginKeeper {
 public:
  /// `user` empty: the option `token` is the secret, else `password`.
  LoginKeeper(Host& host, std::string user);

  std::shared_ptr<const Login> current();

  /// The server took it: should it refuse later, the token has expired and is worth asking for again.
  void accepted(unsigned generation);

  /// The server answered 401 to that generation. Returns whether another try makes sense: a newer one is there, or was
  /// read just now and differs. One new reading per accepted generation, so a wrong token ends quickly.
  bool refresh(unsigned refused_generation);

 private:
  std::shared_ptr<const Login> read(bool again, unsigned generation);

  Host& host_;
  const std::string user_;
  std::mutex mutex_;
  std::shared_ptr<const Login> login_;
  bool may_refresh_ = true;
};

}  // namespace mailpipe::jmap
