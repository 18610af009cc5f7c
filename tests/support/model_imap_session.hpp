#pragma once

#include "support/imap_words.hpp"
#include "support/model_imap_server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// One connection to a ModelImapServer, from its greeting to its end. Lives in that connection's thread.
class ModelImapSession {
 public:
  ModelImapSession(ModelImapServer& server, Wire& wire) : server_(server), wire_(wire) {}

  void run();

 private:
  struct Ended {};  ///< thrown: the connection is over

  struct Refused {  ///< thrown: the command is answered with this
    std::string answer;
  };

  using Messages = std::shared_ptr<const std::vector<ModelMessage>>;

  std::optional<std::string> read_command();
  void put(std::string_view octets);
  void answer(const std::string& command);
  void finish(ModelHook::Ending ending);
  void obey(const std::string& command);
  bool obey_anyone(const std::string& verb, ImapWords& words);
  void obey_selected(const std::string& verb, ImapWords& words);

  void login(ImapWords& words);
  void authenticate(ImapWords& words);
  void start_tls();
  void enable(ImapWords& words);
  void list(ImapWords& words);
  void status(const std::string& mailbox, const std::string& items);
  void select(ImapWords& words, bool read_only);
  void resync(const std::string& parameters, const ModelMailbox& mailbox);
  void tell_changes();
  void fetch(ImapWords& words, bool by_uid);
  void fetch_row(const ModelMessage& message, std::size_t number,
                 const std::vector<std::string>& items);
  void put_vanished(const UidRanges& within, std::uint64_t since);
  void search(ImapWords& words, bool by_uid);

  bool offers(const std::string& word) const;
  void need(const std::string& word) const;
  std::string capabilities() const;
  ModelMailbox snapshot(const std::string& mailbox) const;

  ModelImapServer& server_;
  Wire& wire_;
  std::string tag_;
  std::string selected_;
  Messages view_;
  bool authenticated_ = false;
  bool encrypted_ = false;
  std::set<std::string> enabled_;
  std::optional<std::size_t> left_;  ///< octets of this answer that are still sent
  std::string tail_;
  ModelHook::Ending ending_ = ModelHook::Ending::None;
};

}  // namespace mailpipe::test
