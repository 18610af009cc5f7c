// Duplicates that were left out, and the messages that they stand on. See ledger.hpp.
#include "state/ledger.hpp"

namespace mailpipe::state {

std::optional<std::string> Ledger::stored_as(std::string_view key, bool gone_too) {
  // A key of today is by far the most frequent. One that is gone may be a former one as well.
  for (const char* sql : {"SELECT id, state, key FROM rows WHERE key=?",
                          "SELECT r.id, r.state, r.key FROM former_keys f JOIN rows r ON r.id=f.row"
                          " WHERE f.key=?"}) {
    Statement& get = cached(sql).bind(key);
    const bool known = get.next();
    const RowId row = known ? get.integer(0) : 0;
    const auto state = known ? static_cast<RowState>(get.integer(1)) : RowState::None;
    std::string now = known ? get.copy(2) : std::string();
    get.reset();
    if (state == RowState::Stored || (state == RowState::Gone && gone_too && has_a_copy(row))) {
      return now;
    }
    if (known && state != RowState::Gone) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

bool Ledger::has_a_copy(RowId row) {
  return count(cached("SELECT EXISTS(SELECT 1 FROM receipts WHERE row=? AND state=1)").bind(row)) !=
         0;
}

// Whoever knows the message by its old key finds it by the new one.
void Ledger::note_former_key(const Row& row) {
  write();
  cached("INSERT OR REPLACE INTO former_keys SELECT key, id FROM rows WHERE id=?").run(row.id);
  cached("UPDATE rows SET owner=? WHERE state=4 AND owner=(SELECT key FROM rows WHERE id=?)")
      .run(std::string_view(row.item.key), row.id);
}

std::uint64_t Ledger::judge_duplicates_again(std::string_view owner) {
  const std::uint64_t these =
      count(cached("SELECT count(*) FROM rows WHERE state=4 AND owner=?").bind(owner));
  if (these > 0) {
    write();
    cached("UPDATE rows SET rejudge=1 WHERE state=4 AND owner=?").run(owner);
  }
  return these;
}

void Ledger::put_successor(std::string_view owner, std::string_view successor) {
  write();
  cached("UPDATE rows SET owner=?2 WHERE key=?1 AND state=7").run(owner, successor);
}

void Ledger::judge_orphans_again() {
  write();
  cached(
      "UPDATE rows SET rejudge=1 WHERE state=4 AND owner IN (SELECT key FROM rows WHERE state=7)")
      .run();
}

void Ledger::judge_all_duplicates_again() {
  write();
  cached("UPDATE rows SET rejudge=1 WHERE state=4").run();
}

}  // namespace mailpipe::state
