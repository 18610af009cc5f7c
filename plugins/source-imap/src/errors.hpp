#pragma once

#include "response.hpp"
#include "settings.hpp"

#include <mailpipe/error.hpp>

#include <string>
#include <string_view>

// The one place that turns what servers say into Error. `where`: "imap.example.org:993, mailbox \"Sent\"", made printable.
namespace mailpipe::imap {

inline constexpr const char* kLaterHint =
    "the server or the network is in trouble; run again later, nothing is lost";

/// "imap.example.org:993"
std::string server_name(const Settings& settings);

/// A tagged NO or BAD. Of what says nothing about its cause the class is Item: whatever the command was about has failed alone.
Error command_error(const Completion& result, const std::string& where);

/// The same for LOGIN and AUTHENTICATE: without a known cause the login is wrong.
Error login_error(const Completion& result, const std::string& where);

/// BYE and what follows it: "[UNAVAILABLE] ...".
Error bye_error(std::string_view text, const std::string& where);

/// An untagged NO or BAD before the connection ended; nothing where it does not explain the end.
bool explains_an_end(const Notice& notice);

/// Whether a BYE or NO says that the login's token is too old: "AccessTokenExpired".
bool says_token_expired(std::string_view text);

/// A response that cannot be read.
Error unreadable_error(std::string_view what);

}  // namespace mailpipe::imap
