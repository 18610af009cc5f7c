#pragma once

#include "capabilities.hpp"
#include "command_queue.hpp"
#include "login_keeper.hpp"
#include "settings.hpp"

#include <string>

namespace mailpipe::imap {

/// A login in the one way that settings, secret and server agree on.
struct Authentication {
  Command command;
  CommandQueue::Responder responder;  ///< empty: LOGIN
};

/// Throws Error (Config) where the server offers none of the ways that the settings allow.
Authentication authentication(const Settings& settings, const Login& login,
                              const Capabilities& offered, const std::string& where);

std::string base64(std::string_view octets);

}  // namespace mailpipe::imap
