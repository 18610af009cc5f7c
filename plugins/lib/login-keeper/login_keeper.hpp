#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace mailpipe {
class Host;
}

namespace mailpipe {

/// What proves who we are: a bearer token, or a user's name and password.
struct Login {
  std::string user;
  std::string secret;     ///< never in a message or a log
  bool is_token = false;  ///< `secret` is a bearer token, not a password
  unsigned generation = 0;
};

/// Reads the secret from the host when first needed, and again when the server no longer takes it.
///
/// Threads  Any; all connections share one.
/// Errors   Throws Error (Auth, Config) from the host, and Config for a secret that cannot be sent in a header.
class LoginKeeper {
 public:
  /// Which option the secret is.
  enum class Option : std::uint8_t { Password, Token };

  LoginKeeper(Host& host, std::string user, Option option);

  /// `user` empty: the option `token` is the secret, else `password`.
  LoginKeeper(Host& host, const std::string& user);

  std::shared_ptr<const Login> current();

  /// The server took it: should it refuse later, the token has expired and is worth asking for again.
  void accepted(unsigned generation);

  /// The server refused that generation. Returns whether another try makes sense: a newer one is there, or was
  /// read just now and differs. One new reading per accepted generation, so a wrong token ends quickly.
  bool refresh(unsigned refused_generation);

 private:
  std::shared_ptr<const Login> read(bool again, unsigned generation);

  Host& host_;
  const std::string user_;
  const Option option_;
  std::mutex mutex_;
  std::shared_ptr<const Login> login_;
  bool may_refresh_ = true;
};

}  // namespace mailpipe
