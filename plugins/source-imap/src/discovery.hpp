#pragma once

#include "command.hpp"
#include "response.hpp"
#include "settings.hpp"

#include <mailpipe/error.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe {
class Host;
}

namespace mailpipe::imap {

class Session;

/// Which of the ways to ask a server knows; may shrink when it refuses one after all.
struct Dialect {
  bool qresync = false;    ///< enabled
  bool condstore = false;  ///< HIGHESTMODSEQ, CHANGEDSINCE
  bool esearch = false;
  bool email_id = false;  ///< OBJECTID: FETCH EMAILID, STATUS (MAILBOXID)
  bool guid = false;      ///< FETCH X-GUID: Dovecot, which does not announce it
  bool gmail = false;
};

/// A mailbox as the server lists it.
struct MailboxInfo {
  std::string name;  ///< raw
  std::vector<std::string> path;
  std::string label;
  std::string role;
  std::string foreign;  ///< as Choosable::foreign
  bool subscribed = false;
  std::optional<StatusData> status;
  std::string mailbox_id;          ///< MAILBOXID (RFC 8474), where it was asked for
  std::optional<Error> failed;     ///< why there is no status
  std::optional<Command> refused;  ///< what was asked for it, where the server said no
};

/// What an account holds.
struct Account {
  Dialect dialect;
  std::string server;                  ///< what it calls itself, or empty
  std::vector<MailboxInfo> mailboxes;  ///< all that can be opened
  bool complete = true;  ///< every LIST response could be read: what is missing is not there
};

/// Asks for everything in one flight: ID, ENABLE, NAMESPACE and one LIST with STATUS, as far as the server can.
///
/// Errors  Throws Error as Session does, and Permanent when LIST is refused or lists nothing.
Account discover(Session& session, const Settings& settings, Host& host);

/// STATUS of each that has none, in one flight. What is refused is in MailboxInfo::failed.
void ask_status(Session& session, const Settings& settings,
                const std::vector<MailboxInfo*>& mailboxes);

/// Sends the question for a mailbox's MAILBOXID (RFC 8474). Not part of what discover() asks: Cyrus 3.6 answers LIST with
/// STATUS (... MAILBOXID ...) with octets out of freed memory, and it is needed only where a name is new or gone.
void send_id(Session& session, const std::string& mailbox,
             std::function<void(const std::string& id)> told,
             std::function<void(const Completion&)> done = nullptr);

/// MAILBOXID of each, in one flight.
void ask_ids(Session& session, std::vector<MailboxInfo>& mailboxes);

/// The id in "(F123)" or "F123"; empty when it is none.
std::string object_id_in(std::string_view text);

/// Why a command about one mailbox failed: Transient where the words say that it may pass.
Error refused(const Settings& settings, const std::string& label, const char* command,
              const Completion& result);

/// What an answer that cannot be read means for that mailbox: it fails, and the others do not.
Error unreadable(const Settings& settings, const std::string& label, const Error& why);

/// "imap.example.org, mailbox Archive/2024".
std::string place_name(const Settings& settings, const std::string& label);

}  // namespace mailpipe::imap
