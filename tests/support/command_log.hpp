#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::testing {

/// What ImapAccount says to a server (RFC 2971) so that its sessions can be told from those of the program under test.
inline constexpr std::string_view kTestAccountId = R"(ID ("name" "mailpipe test account"))";

/// The IMAP commands of one client's octets, without their tags; the octets of a literal above 1 KiB are left out.
std::vector<std::string> commands_in(std::string_view client_octets);

/// The client's octets out of a file that Dovecot's rawlog wrote: "1795334617.558631 a1 NOOP\r\n" each line.
std::string client_octets_of_rawlog(std::string_view file);

/// The sessions' client octets out of a file that Cyrus' telemetry wrote: "<1795334603<a1 NOOP\r\n>1795334603>a1 OK".
std::vector<std::string> client_octets_of_telemetry(std::string_view file);

/// Appends the session's commands, unless it was a test account's.
void append_commands(std::string_view client_octets, std::vector<std::string>& commands);

}  // namespace mailpipe::testing
