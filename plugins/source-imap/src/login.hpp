#pragma once

#include "login_keeper.hpp"
#include "settings.hpp"

namespace mailpipe::imap {

/// Keeps what the options name.
inline LoginKeeper::Option login_option(const Settings& settings) {
  return settings.token ? LoginKeeper::Option::Token : LoginKeeper::Option::Password;
}

}  // namespace mailpipe::imap
