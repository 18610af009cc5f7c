#pragma once

#include "pipeline/churn_journal.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace mailpipe::testing {
class CyrusServer;
}

namespace mailpipe::test {

/// Uses an account as its owner and the mail server do, at random, and writes down what was where: delivers, flags, moves,
/// copies, expunges, creates, renames and deletes mailboxes. It is the only one who changes that account.
///
/// Threads   step() and run() by one thread at a time.
/// Errors    Throws std::runtime_error with what the server said.
class ChurnActor {
 public:
  using Digest = std::function<std::string(const std::string& octets)>;

  virtual ~ChurnActor() = default;

  void step();
  void run(const std::stop_token& stop);  ///< with pauses of some milliseconds

  /// How often each thing was done.
  const std::map<std::string, std::size_t>& done() const noexcept { return done_; }

  /// What was never done.
  std::vector<std::string> undone() const;

 protected:
  struct Deed {
    const char* name;
    unsigned weight;
    bool (*act)(ChurnActor&);  ///< false: there was nothing to do it to
  };

  struct Mail {
    std::string octets, digest;
    std::int64_t received_at = 0;
    std::vector<std::string> flags;
  };

  ChurnActor(ChurnJournal& journal, std::uint32_t seed, Digest digest);

  virtual const std::vector<Deed>& deeds() const = 0;

  Mail next_mail();

  std::size_t below(std::size_t count) { return random_() % count; }

  /// Between first and last, both included; nothing more where there is less.
  std::size_t some(std::size_t least, std::size_t most, std::size_t limit);

  ChurnJournal& journal_;

 private:
  const std::uint32_t seed_;
  Digest digest_;
  std::mt19937 random_;
  std::size_t mails_ = 0;
  std::vector<Mail> again_;  // some, to be delivered once more
  std::map<std::string, std::size_t> done_;

 protected:
  bool deliver_again_ = true;
};

/// On any server, over IMAP. `port`: of a server with UIDPLUS.
std::unique_ptr<ChurnActor> make_imap_actor(int port, const std::string& user,
                                            ChurnJournal& journal, std::uint32_t seed,
                                            ChurnActor::Digest digest);

/// On Cyrus, over JMAP: messages in several mailboxes.
std::unique_ptr<ChurnActor> make_jmap_actor(const mailpipe::testing::CyrusServer& server,
                                            const std::string& user, ChurnJournal& journal,
                                            std::uint32_t seed, ChurnActor::Digest digest);

}  // namespace mailpipe::test
