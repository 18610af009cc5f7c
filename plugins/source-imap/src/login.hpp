#pragma once

#include "login_keeper.hpp"
#include "settings.hpp"

namespace mailpipe::imap {

/// Keeps what the options name: `token` for XOAUTH2 and OAUTHBEARER, `password` for LOGIN and PLAIN, whichever is given for
/// `auto`.
inline LoginKeeper::Option login_option(const Settings& settings) {
  switch (settings.auth) {
    case AuthKind::Login:
    case AuthKind::Plain:
      return LoginKeeper::Option::Password;
    case AuthKind::XOAuth2:
    case AuthKind::OAuthBearer:
      return LoginKeeper::Option::Token;
    case AuthKind::Auto:
      break;
  }
  return LoginKeeper::Option::Either;
}

}  // namespace mailpipe::imap
