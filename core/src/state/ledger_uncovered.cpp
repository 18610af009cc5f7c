// What no cursor covers: rows that came or went since the cursor of their stream was written. See ledger.hpp.
#include "state/ledger.hpp"

namespace mailpipe::state {

namespace {

enum Kind : int { Came = 0, Gone = 1, KeyGone = 2 };

}  // namespace

// What a complete listing brought, the next one brings or ends.
void Ledger::note_come(const Row& row, RowId id) {
  if (row.seen == 0) {
    cached("INSERT OR REPLACE INTO uncovered VALUES(?,?,0,?,?)")
        .run(row.item.stream, id, Came, row.told_in);
  }
}

// Unless it came after the cursor, too: listed from there it never was.
void Ledger::note_gone(const Row& row) {
  write();
  cached("INSERT OR IGNORE INTO uncovered VALUES(?,?,0,?,?)")
      .run(row.item.stream, row.id, Gone, row.told_in);
}

void Ledger::note_back(const Row& row) {
  write();
  cached("DELETE FROM uncovered WHERE stream=? AND row=? AND went<>0").run(row.item.stream, row.id);
}

void Ledger::note_wanted(const Row& row) {
  write();
  cached("UPDATE uncovered SET went=1 WHERE stream=? AND row=? AND went=2")
      .run(row.item.stream, row.id);
}

// A row whose key is not settled as gone goes on under another key. Should the old one turn out to be there after all, a row
// without copies tells what to fetch.
void Ledger::leave_key_behind(Row old) {
  const auto stream = old.item.stream;
  const RowId id = old.id;
  if (count(cached("SELECT EXISTS(SELECT 1 FROM uncovered WHERE stream=? AND row=? AND went<>0)")
                .bind(stream, id)) != 0) {
    old.digest.reset();  // it has no copy that another message could take over
    old.header_digest.reset();
    cached(
        "INSERT OR REPLACE INTO uncovered SELECT stream, ?, doubted, ?, told_in FROM uncovered"
        " WHERE stream=? AND row=?")
        .run(insert_row(old), KeyGone, stream, id);
  }
  cached("DELETE FROM uncovered WHERE stream=? AND row=?").run(stream, id);
}

void Ledger::cover(StreamId stream, std::uint64_t group) {
  cached(
      "DELETE FROM rows WHERE state=7 AND id IN"
      " (SELECT row FROM uncovered WHERE stream=? AND went=2 AND told_in<=?)"
      " AND NOT EXISTS (SELECT 1 FROM receipts x WHERE x.row=rows.id)"
      " AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.row=rows.id)")
      .run(stream, group);
  cached("DELETE FROM uncovered WHERE stream=? AND told_in<=?").run(stream, group);
}

// Of an earlier attempt: any cursor of this one covers it, once it is not in doubt any more.
bool Ledger::doubt_uncovered() {
  if (count(cached("SELECT EXISTS(SELECT 1 FROM uncovered)").bind()) == 0) {
    return false;
  }
  write();
  cached("UPDATE uncovered SET doubted=1, told_in=0").run();
  return true;
}

void Ledger::believe(const Row& row) {
  write();
  cached("UPDATE uncovered SET doubted=0 WHERE stream=? AND row=?").run(row.item.stream, row.id);
}

void Ledger::believe_gone(StreamId stream) {
  write();
  cached("UPDATE uncovered SET doubted=0 WHERE stream=? AND went<>0").run(stream);
}

bool Ledger::in_doubt(StreamId stream) {
  return count(cached("SELECT EXISTS(SELECT 1 FROM uncovered u JOIN rows r ON r.id=u.row"
                      " AND r.stream=u.stream WHERE u.stream=? AND u.doubted=1"
                      " AND (u.went<>0)=(r.state=7))")
                   .bind(stream)) != 0;
}

std::vector<Row> Ledger::doubted(StreamId stream, RowId after, std::size_t limit) {
  return rows_of(cached("SELECT r.id FROM uncovered u JOIN rows r ON r.id=u.row"
                        " AND r.stream=u.stream WHERE u.stream=? AND u.row>? AND u.doubted=1"
                        " AND u.went=0 AND r.state<>7 ORDER BY u.row LIMIT ?")
                     .bind(stream, after, limit));
}

std::vector<Row> Ledger::doubted_gone(StreamId stream, RowId after, std::size_t limit) {
  return rows_of(cached("SELECT r.id FROM uncovered u JOIN rows r ON r.id=u.row"
                        " AND r.stream=u.stream WHERE u.stream=? AND u.row>? AND u.doubted=1"
                        " AND u.went<>0 AND r.state=7 ORDER BY u.row LIMIT ?")
                     .bind(stream, after, limit));
}

}  // namespace mailpipe::state
