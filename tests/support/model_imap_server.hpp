#pragma once

#include "support/wire_server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::test {

/// A message takes 24 octets; all that can be derived from `content` is: body, INTERNALDATE, EMAILID, X-GM-MSGID.
struct ModelMessage {
  std::uint32_t uid = 0;
  std::uint32_t flags = 0;  ///< index among the account's distinct lists of flags
  std::uint64_t modseq = 0;
  std::uint64_t content = 0;  ///< the same after a copy or a move
};

struct ModelMailbox {
  std::string attributes;  ///< of LIST: "\\Sent"
  std::string id;          ///< MAILBOXID: kept by a rename
  std::uint32_t uidvalidity = 0;
  std::uint32_t uidnext = 1;
  std::uint64_t highestmodseq = 1;
  std::shared_ptr<std::vector<ModelMessage>> messages;  ///< by UID; never changed while shared
  std::vector<std::pair<std::uint64_t, std::uint32_t>> vanished;  ///< modseq and UID
};

/// What is done to the answer of commands that match.
struct ModelHook {
  enum class Ending { None, Close, Reset, Stall };

  std::string command;           ///< * stands for anything: "UID FETCH *"; verbs in upper case
  std::uint32_t uid = 0;         ///< nonzero: only where it is in the set of a UID FETCH
  std::string mailbox;           ///< the one selected at that time; empty: any or none
  std::size_t skip = 0;          ///< so many matches before the first that counts
  std::size_t times = SIZE_MAX;  ///< so many that count

  std::string before;  ///< octets ahead of the answer
  std::optional<std::string>
      instead;  ///< octets in its place, $tag for the tag; the command is not done
  std::optional<std::size_t>
      cut;  ///< octets of the answer that are sent, then `tail`, then the ending
  std::string tail;
  std::chrono::milliseconds wait{0};  ///< ahead of the answer
  std::size_t drip_octets = 0;        ///< nonzero: from now on in such pieces
  std::chrono::milliseconds drip_pause{0};
  Ending ending = Ending::None;
};

struct ModelOptions {
  /// What is not named is refused with BAD, but for IMAP4rev1's own.
  std::string capabilities =
      "LITERAL+ ID ENABLE NAMESPACE CONDSTORE QRESYNC ESEARCH LIST-EXTENDED LIST-STATUS "
      "SPECIAL-USE "
      "OBJECTID UIDPLUS AUTH=PLAIN SASL-IR";
  std::optional<Certificate>
      certificate;  ///< for STARTTLS, which must be among the capabilities, or:
  bool implicit_tls = false;
  std::string greeting = "* OK [CAPABILITY $capabilities] model ready\r\n";
  char delimiter = '/';
  std::string password = "secret";
  std::set<std::string> tokens = {"token"};  ///< for XOAUTH2 and OAUTHBEARER
};

/// An IMAP account in memory that behaves, with an INBOX from the start; hooks make it misbehave. It is read-only over the wire.
/// Mailbox names are octets as on the wire.
///
/// Threads    Any. A session sees changes at its next NOOP, SELECT, EXAMINE, STATUS or LIST.
class ModelImapServer : public WireServer {
 public:
  explicit ModelImapServer(ModelOptions options = {});
  ~ModelImapServer() override;

  void create(const std::string& mailbox, const std::string& attributes = {});
  void remove(const std::string& mailbox);
  void rename(const std::string& from, const std::string& to);

  /// The first one's UID. Each is a new content.
  std::uint32_t append(const std::string& mailbox, std::size_t count = 1,
                       const std::string& flags = {});
  std::uint32_t append(const std::string& mailbox, std::string body, const std::string& flags = {});
  void set_flags(const std::string& mailbox, std::uint32_t uid, const std::string& flags);
  void expunge(const std::string& mailbox, std::uint32_t uid);
  std::uint32_t copy(const std::string& mailbox, std::uint32_t uid, const std::string& to);
  std::uint32_t move(const std::string& mailbox, std::uint32_t uid, const std::string& to);
  void set_uidvalidity(const std::string& mailbox, std::uint32_t value);

  /// For everything else, under the lock: UIDNEXT that lies, UIDs that start over.
  void change(const std::string& mailbox, const std::function<void(ModelMailbox&)>& how);

  /// Bodies that append() was not given: the same octets for the same content, at any time.
  void set_bodies(std::function<std::string(std::uint64_t content)> bodies);
  void set_labels(const std::string& mailbox, std::uint32_t uid, const std::string& labels);
  void set_tokens(std::set<std::string> tokens);

  std::string body(const std::string& mailbox, std::uint32_t uid) const;

  void on(ModelHook hook);

  /// The next connection ends, by FIN, after that many octets from us; the one after it after the next call's.
  void cut_next_connection(std::size_t octets);

  /// No more hooks, rows and cuts.
  void behave();

  /// The row of a FETCH with a body, in full and with its CRLF, $seq for the number; empty: that UID never comes.
  void on_message(const std::string& mailbox, std::uint32_t uid, std::string row);

  /// All commands so far, without tags; passwords and tokens too.
  std::vector<std::string> commands() const;

  /// How many match: "EXAMINE *".
  std::size_t count(const std::string& pattern) const;
  void forget_commands();

 private:
  friend class ModelImapSession;

  void serve(Wire& wire, std::size_t connection) override;
  ModelMailbox& find(const std::string& mailbox);
  std::vector<ModelMessage>& own(ModelMailbox& mailbox);
  std::uint32_t flags_index(const std::string& flags);
  std::string body_of(std::uint64_t content) const;
  std::optional<ModelHook> hook_for(const std::string& command, const std::string& mailbox);

  ModelOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, ModelMailbox> mailboxes_;
  std::vector<std::string> flag_lists_;
  std::map<std::string, std::uint32_t> flag_indexes_;
  std::uint64_t contents_ = 0;
  std::uint32_t uidvalidities_ = 1000;
  std::function<std::string(std::uint64_t)> bodies_;
  std::map<std::uint64_t, std::string> given_bodies_;
  std::map<std::pair<std::string, std::uint32_t>, std::string> labels_, rows_;
  std::vector<ModelHook> hooks_;
  std::vector<std::size_t> cuts_;
  std::vector<std::string> commands_;
};

}  // namespace mailpipe::test
