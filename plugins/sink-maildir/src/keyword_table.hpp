#pragma once

#include "data_sync.hpp"

#include <mailpipe/file.hpp>
#include <mailpipe/host.hpp>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace mailpipe::maildir {

/// What is remembered of a folder's table from one batch to the next.
struct KeywordMemory {
  std::set<std::string> told;          ///< keywords of which the log has that they found no letter
  std::optional<std::string> durable;  ///< the table that a power cut leaves at least
};

/// Which letter, a to z, stands for which keyword in one folder: Dovecot's `dovecot-keywords`,
/// lines of "0 name". What is there stays; new names take the first free letter.
///
/// Life cycle   Read with the first keyword. A new name takes Dovecot's lock,
///              `dovecot-keywords.lock`, until commit() or the end of the object.
/// Threads      One.
/// Errors       As throw_errno. A lock that somebody else keeps, and a 27th name, are told of in
///              the log; the keyword then stays in the ledger only.
/// Durability   write() puts the new table beside the old one, whose place it takes in commit():
///              a power cut leaves the old table or the new one. No name on disk may have a letter
///              of a table that is unsure(): the folder is synced first, then synced() is called.
///              A lock of ours that a kill left behind is known by its mode and goes in sweep().
class KeywordTable {
 public:
  /// `memory` outlives this object.
  KeywordTable(Fs& fs, Host& host, KeywordMemory& memory);
  KeywordTable(const KeywordTable&) = delete;
  KeywordTable& operator=(const KeywordTable&) = delete;
  ~KeywordTable();

  /// The letter, or 0. `add`: gives one to a name that has none.
  char letter(const File& folder, std::string_view keyword, bool add);

  bool changed() const noexcept { return locked_ && loaded_; }

  /// Whether a power cut may bring an older table back.
  bool unsure() const noexcept { return !text_.empty() && memory_.durable != text_; }

  /// The folder was synced since the table was read, or put there.
  void synced() { memory_.durable = text_; }

  /// Removes the lock of a run of ours that was killed; no other may run now.
  static void sweep(Fs& fs, const File& folder);

  void write(DataSync& data);
  void commit();

 private:
  void load(const File& folder);
  bool lock(const File& folder);
  char known(std::string_view keyword) const;
  void tell(std::string_view keyword, const char* why);

  Fs& fs_;
  Host& host_;
  KeywordMemory& memory_;
  std::string text_;  ///< of the table as it lies there
  std::array<std::string, 26> names_;
  std::string others_;    ///< lines that are not ours to understand, kept
  std::string new_text_;  ///< of the table that commit() puts there
  bool loaded_ = false;
  bool locked_ = false;
  bool gave_up_ = false;  ///< on the lock: not again for every message
  File folder_;           ///< open while locked
};

}  // namespace mailpipe::maildir
