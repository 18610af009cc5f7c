#pragma once

#include "state/row.hpp"
#include "state/sqlite.hpp"

#include <mailpipe/item.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::state {

/// One thing that is not as the ledger says. The numbers are nowhere on disk.
struct Finding {
  enum class Kind : std::int64_t {
    Missing,      ///< a copy is not there
    Truncated,    ///< it is shorter than what was stored
    Damaged,      ///< it is not what was stored
    Unreadable,   ///< the disk does not give it
    Extra,        ///< a file that no receipt names
    NotOnServer,  ///< stored, and the server has it no longer
    NotStored,    ///< the server has it, and the ledger does not know it or knows it as gone
    Moved,        ///< whole, though not where it lay; no finding in the end
  };
  enum class End : std::int64_t { Found, Repaired, Lost, Failed };

  std::int64_t id = 0;
  Kind kind = Kind::Missing;
  End end = End::Found;
  RowId row = 0;
  std::string sink, key, place, location;
  std::string detail;      ///< what was seen of it
  std::string reason;      ///< of its end
  std::uint64_t size = 0;  ///< of the file as it lies ...
  Digest digest{};         ///< ... and its digest
};

/// What a verification has to remember: files, findings, listed keys. In a file of SQLite's that has no name and goes with
/// it, so that memory does not grow with the mailbox.
///
/// Threads  One at a time.
class VerifyBook {
 public:
  VerifyBook();
  ~VerifyBook();
  VerifyBook(const VerifyBook&) = delete;
  VerifyBook& operator=(const VerifyBook&) = delete;

  /// Forgets the files of the sink before.
  void begin_sink();
  void add_file(const Found& file);

  /// A receipt names that file. Whether there is one of that name with these octets.
  bool claim(std::string_view location, std::uint64_t size, const Digest& digest);

  /// For a receipt whose message was found, though not where it lay: one with these octets that nothing claimed.
  bool claim_elsewhere(std::uint64_t size, const Digest& digest);

  /// For a receipt whose message was not found: what lies under its name, if nothing claimed it. Its size.
  std::optional<std::uint64_t> claim_name(std::string_view location);

  /// Locations that nothing claimed.
  void unclaimed(const std::function<void(const std::string& location)>& use);

  void add(const Finding& finding);
  void update(const Finding& finding);
  void erase(const Finding& finding);

  /// All findings as they were found; `use` may update them.
  void for_each(const std::function<void(Finding&)>& use);

  std::uint64_t count(Finding::Kind kind, std::string_view sink);
  std::uint64_t count(Finding::End end);

  void list(const Item& item);
  void unlist(std::string_view key);
  bool is_listed(std::string_view key);

  /// The keys under which something is listed that is found by the same `ref`, and has that size and date.
  std::vector<std::string> listed_as(const Item& item);

  void listed(const std::function<void(const std::string& key)>& use);

 private:
  std::vector<Finding> findings(std::int64_t after, std::size_t limit);
  Statement& cached(const char* sql);

  Database database_;
  std::map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace mailpipe::state
