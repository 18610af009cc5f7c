#include "crash/syscall_ledger.hpp"

#include <mailpipe/c_ptr.hpp>
#include <mailpipe/testing/temp_dir.hpp>

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace mailpipe::test {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  explicit Reader(const fs::path& file) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK) {
      throw std::runtime_error("cannot open a copy of the ledger");
    }
  }

  void each(const std::string& sql, const std::function<void(sqlite3_stmt*)>& row) const {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &made, nullptr);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(made, sqlite3_finalize);
    int step = code;
    while (made != nullptr && (step = sqlite3_step(made)) == SQLITE_ROW) {
      row(made);
    }
    if (step != SQLITE_DONE) {
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(database_.get()));
    }
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };

  std::unique_ptr<sqlite3, Close> database_;
};

std::string text(sqlite3_stmt* row, int column) {
  const auto* octets = static_cast<const char*>(sqlite3_column_blob(row, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  return octets == nullptr ? std::string() : std::string(octets, size);
}

/// Row ids, run numbers, tries and listings may differ. So may the hashes of Message-IDs, which a search completes.
constexpr const char* kEverything = R"sql(
SELECT 'row '||quote(key)||' '||rows.state||' '||s.name||' '||quote(server_id)||' '||quote(ref)||' '||quote(size)||' '||
  quote(received_at)||' '||quote(places)||' '||quote(keywords)||' '||quote(attributes)||' '||initial||' '||quote(rows.name)||
  ' '||quote(digest)||' '||quote(header_digest)||' '||CAST(reason AS TEXT)||' '||quote(due)||' '||
  CAST(owner AS TEXT)||' '||rejudge
  FROM rows JOIN streams s ON s.id = rows.stream
UNION ALL SELECT 'receipt '||quote(rows.key)||' '||sink||' '||quote(place)||' '||quote(location)||' '||r.size||' '||
  quote(r.digest)||' '||adopted||' '||r.state||' '||quote(r.keywords)
  FROM receipts r LEFT JOIN rows ON rows.id = r.row
UNION ALL SELECT 'stream '||name||' '||label||' '||quote(cursor) FROM streams
UNION ALL SELECT 'mailbox '||s.name||' '||quote(m.id)||' '||quote(path)||' '||role
  FROM mailboxes m JOIN streams s ON s.id = m.stream
UNION ALL SELECT 'left '||quote(path) FROM left_mailboxes
UNION ALL SELECT 'former '||quote(f.key)||' '||quote(rows.key) FROM former_keys f LEFT JOIN rows ON rows.id = f.row
UNION ALL SELECT 'uncovered '||quote(rows.key) FROM uncovered u LEFT JOIN rows ON rows.id = u.row
UNION ALL SELECT 'owed '||sink||' '||quote(rows.key) FROM owed o LEFT JOIN rows ON rows.id = o.row
UNION ALL SELECT 'intent '||sink||' '||quote(rows.key) FROM intents i LEFT JOIN rows ON rows.id = i.row
UNION ALL SELECT 'sink '||id||' '||complete FROM sinks
UNION ALL SELECT 'found '||sink||' '||quote(location) FROM found
ORDER BY 1)sql";

constexpr const char* kCopies = R"sql(
SELECT rows.key, r.sink, r.place, r.location, lower(hex(r.digest)), r.size,
  EXISTS(SELECT 1 FROM intents i WHERE i.row = r.row AND i.sink = r.sink) OR
  EXISTS(SELECT 1 FROM owed o WHERE o.row = r.row AND o.sink = r.sink)
  FROM receipts r JOIN rows ON rows.id = r.row WHERE r.state = 1)sql";

constexpr const char* kHomeless = R"sql(
SELECT key FROM rows WHERE state = 2 AND EXISTS(
  SELECT 1 FROM sinks s WHERE s.complete = 1
    AND NOT EXISTS(SELECT 1 FROM receipts r WHERE r.row = rows.id AND r.sink = s.id)
    AND NOT EXISTS(SELECT 1 FROM intents i WHERE i.row = rows.id AND i.sink = s.id)
    AND NOT EXISTS(SELECT 1 FROM owed o WHERE o.row = rows.id AND o.sink = s.id)))sql";

}  // namespace

LedgerText LedgerText::read(const fs::path& state) {
  LedgerText out;
  if (!fs::exists(state / "ledger.db") || fs::file_size(state / "ledger.db") == 0) {
    return out;
  }
  const TempDir copy(TempDir::fast_parent());
  for (const char* name : {"ledger.db", "ledger.db-wal", "ledger.db-journal"}) {
    if (fs::exists(state / name)) {
      fs::copy_file(state / name, copy / name);
    }
  }
  const Reader ledger(copy / "ledger.db");
  bool made = false;
  ledger.each("SELECT 1 FROM sqlite_master WHERE name = 'receipts'",
              [&](sqlite3_stmt*) { made = true; });
  if (!made) {
    return out;
  }
  ledger.each(kEverything, [&](sqlite3_stmt* row) {
    out.rows.push_back(text(row, 0));
    if (out.rows.back().starts_with("stream ")) {
      out.cursors.push_back(out.rows.back());
    }
  });
  ledger.each(kCopies, [&](sqlite3_stmt* row) {
    out.copies.insert({.key = text(row, 0),
                       .sink = text(row, 1),
                       .place = text(row, 2),
                       .location = text(row, 3),
                       .digest = text(row, 4),
                       .size = static_cast<std::uint64_t>(sqlite3_column_int64(row, 5)),
                       .open = sqlite3_column_int(row, 6) != 0});
  });
  ledger.each(kHomeless, [&](sqlite3_stmt* row) { out.homeless.push_back(text(row, 0)); });
  ledger.each("SELECT key, sink, place FROM intents JOIN rows ON rows.id = intents.row",
              [&](sqlite3_stmt* row) {
                out.intents.insert({text(row, 0), text(row, 1), text(row, 2)});
              });
  return out;
}

}  // namespace mailpipe::test
