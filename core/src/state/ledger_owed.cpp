// What sinks still owe: places to add or to take away, keywords to change. See ledger.hpp.
#include "state/ledger.hpp"
#include "state/pack.hpp"

#include <algorithm>

namespace mailpipe::state {

void Ledger::owe(const std::string& sink, RowId row) {
  write();
  cached("INSERT OR IGNORE INTO owed VALUES(?,?)").run(std::string_view(sink), row);
}

void Ledger::owe_all(const std::string& sink) {
  write();
  cached("INSERT OR IGNORE INTO owed SELECT sink, row FROM receipts WHERE sink=? AND state=1")
      .run(std::string_view(sink));
}

void Ledger::owe_mailbox(StreamId stream, const std::string& id) {
  write();
  // Ids are packed with their lengths: one that another contains may owe a row too many, which is harmless.
  cached(
      "INSERT OR IGNORE INTO owed SELECT x.sink, x.row FROM rows r JOIN receipts x ON x.row=r.id"
      " WHERE r.stream=? AND instr(r.places, ?)>0")
      .run(stream, std::string_view(pack({id})));
}

void Ledger::paid(const std::string& sink, RowId row) {
  write();
  cached("DELETE FROM owed WHERE sink=? AND row=?").run(std::string_view(sink), row);
}

std::vector<RowId> Ledger::owed(const std::string& sink, RowId after, std::size_t limit) {
  Statement& get = cached("SELECT row FROM owed WHERE sink=? AND row>? ORDER BY row LIMIT ?")
                       .bind(std::string_view(sink), after, limit);
  std::vector<RowId> out;
  while (get.next()) {
    out.push_back(get.integer(0));
  }
  return out;
}

std::uint64_t Ledger::count_owed(const std::string& sink) {
  return count(cached("SELECT count(*) FROM owed WHERE sink=?").bind(std::string_view(sink)));
}

std::set<std::string> Ledger::places_with_copies(const std::string& sink) {
  Statement& get = cached("SELECT DISTINCT place FROM receipts WHERE sink=? AND state=1")
                       .bind(std::string_view(sink));
  std::set<std::string> out;
  while (get.next()) {
    out.insert(get.copy(0));
  }
  return out;
}

std::uint64_t Ledger::count_places() {
  return count(cached("SELECT count(*) FROM receipts WHERE state=1").bind());
}

void Ledger::remove_receipt(const ReceiptRow& receipt) {
  write();
  cached("DELETE FROM receipts WHERE row=? AND sink=? AND place=?")
      .run(receipt.row, std::string_view(receipt.sink), std::string_view(receipt.place));
}

bool Ledger::lies_for_another(RowId row, const std::string& sink, const std::string& location) {
  return count(cached(
                   "SELECT EXISTS(SELECT 1 FROM receipts x JOIN rows r ON r.id=x.row WHERE x.sink=?"
                   " AND x.location=? AND length(x.place)=0 AND x.row<>? AND r.state=2)")
                   .bind(std::string_view(sink), std::string_view(location), row)) != 0;
}

// Those that have a key which `row` had, and the one that had its key.
std::vector<Row> Ledger::rows_of_former_keys(const Row& row) {
  return rows_of(
      cached("SELECT r.id FROM former_keys f JOIN rows r ON r.key=f.key WHERE f.row=?1 AND r.id<>?1"
             " UNION SELECT row FROM former_keys WHERE key=?2 AND row<>?1")
          .bind(row.id, std::string_view(row.item.key)));
}

bool Ledger::lies_for_a_former_key(const Row& row, const ReceiptRow& copy) {
  for (const Row& other : rows_of_former_keys(row)) {
    const auto theirs = receipts(other.id);
    const bool same_file = std::any_of(theirs.begin(), theirs.end(), [&](const ReceiptRow& there) {
      return there.sink == copy.sink && there.location == copy.location;
    });
    if (same_file && other.state == RowState::Stored) {
      return true;
    }
  }
  return false;
}

void Ledger::put_renamed(const Row& row, const ReceiptRow& copy) {
  for (const ReceiptRow& before : receipts(row.id)) {
    if (before.sink != copy.sink || before.place != copy.place ||
        before.location == copy.location) {
      continue;
    }
    for (const Row& other : rows_of_former_keys(row)) {
      cached("UPDATE receipts SET location=? WHERE row=? AND sink=? AND location=?")
          .run(std::string_view(copy.location), other.id, std::string_view(copy.sink),
               std::string_view(before.location));
    }
  }
  put_receipt(copy);
}

}  // namespace mailpipe::state
