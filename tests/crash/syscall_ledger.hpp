#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace mailpipe::test {

/// Where the ledger says that a message lies.
struct ToldCopy {
  std::string key, sink, place, location, digest;
  std::uint64_t size = 0;
  bool open =
      false;  ///< an intent is open for the row in that sink, or something is owed to it there

  friend auto operator<=>(const ToldCopy&, const ToldCopy&) = default;
};

/// A copy of which an intent tells.
struct Promise {
  std::string key, sink, place;

  friend auto operator<=>(const Promise&, const Promise&) = default;
};

/// A ledger as any program reads it: SQL, none of our code. Of a copy, as reading may recover the file.
struct LedgerText {
  /// Empty when there is no ledger, or none that is whole enough to have rows.
  static LedgerText read(const std::filesystem::path& state);

  std::vector<std::string> rows;  ///< everything that must not differ from the undisturbed run's
  std::set<ToldCopy> copies;
  std::vector<std::string>
      homeless;  ///< keys of stored rows without a copy and without anything that tells of one
  std::set<Promise> intents;
  std::vector<std::string> cursors;
};

}  // namespace mailpipe::test
