#pragma once

#include "command.hpp"
#include "session.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace mailpipe::imap {

/// Which literals go without waiting for the server's "+" (RFC 7888).
enum class Literals : std::uint8_t { Waiting, Small, All };

/// Commands between send() and their tagged responses, and the octets that wait to be written.
///
/// Threads  One at a time.
/// Errors   Throws Error (Item) for a command with a NUL or, outside of strings, a line break.
class CommandQueue {
 public:
  /// What to answer a "+" with that asks for no literal: a line of AUTHENTICATE, without its end.
  using Responder = std::function<std::string(std::string_view)>;

  struct Entry {
    std::string tag;
    std::shared_ptr<Answer> answer;
    Responder responder;
    std::deque<std::string> chunks;  ///< not yet written; between two a "+" is waited for
    std::size_t octets = 0;
    bool opens = false;  ///< EXAMINE: what was sent before it is about another mailbox
  };

  void push(const Command& command, std::shared_ptr<Answer> answer, Literals literals,
            Responder responder = {});

  /// What can be written now; empty: nothing.
  std::string_view to_write();
  void written(std::size_t octets);

  /// A "+" came. False: nobody waits for one.
  bool go_on(std::string_view text);

  /// The command that untagged responses belong to; null: none.
  const Entry* oldest() const noexcept;

  /// The oldest that expects it; else the oldest.
  template <class Expects>
  const Entry* oldest(const Expects& expects) const {
    for (const Entry& entry : entries_) {
      if (expects(*entry.answer)) {
        return &entry;
      }
    }
    return oldest();
  }

  /// Removes the command with this tag. Throws Error (Transient) if there is none that was written, and for an EXAMINE
  /// answered before what was sent ahead of it: what comes next would be credited to the mailbox opened before.
  Entry take(std::string_view tag);

  std::size_t size() const noexcept { return entries_.size(); }

  std::size_t octets() const noexcept { return octets_; }

 private:
  std::deque<Entry> entries_;
  std::size_t next_ = 0;  ///< the entry whose chunk is written next
  bool waits_ = false;    ///< for a "+"
  std::string out_;
  std::size_t out_from_ = 0;
  std::size_t octets_ = 0;
  unsigned long count_ = 0;
};

}  // namespace mailpipe::imap
