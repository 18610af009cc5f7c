// What people ask of a message, of a sink. See ledger.hpp.
#include "state/columns.hpp"
#include "state/file_identity.hpp"
#include "state/ledger.hpp"

#include <algorithm>

namespace mailpipe::state {

std::vector<Row> Ledger::rows_of(Statement& ids) {
  std::vector<RowId> all;
  while (ids.next()) {
    all.push_back(ids.integer(0));
  }
  std::vector<Row> out;
  for (const RowId id : all) {
    Row row = get(id);
    if (row.id != 0) {
      out.push_back(std::move(row));
    }
  }
  return out;
}

std::vector<Row> Ledger::find_named(std::string_view name, std::size_t limit) {
  // A row that stands for a key only knows nothing: the message's own row has more.
  std::vector<Row> out =
      rows_of(cached("SELECT id FROM rows WHERE key=? AND NOT EXISTS (SELECT 1 FROM uncovered u"
                     " WHERE u.stream=rows.stream AND u.row=rows.id AND u.went=2)")
                  .bind(name));
  if (out.empty()) {
    out = rows_of(cached("SELECT row FROM former_keys WHERE key=?").bind(name));
  }
  if (out.empty() && !name.empty()) {
    out = rows_of(cached("SELECT id FROM rows WHERE server_id=? AND length(server_id)>0"
                         " ORDER BY id LIMIT ?")
                      .bind(name, limit));
  }
  return out;
}

std::vector<Row> Ledger::find_lying_at(const std::string& location, std::size_t limit) {
  const std::string identity = file_identity(location);
  const std::string_view name = std::string_view(identity).substr(identity.rfind('/') + 1);
  Statement& get =
      cached("SELECT row, location FROM receipts WHERE state=1 AND instr(location, ?)>0")
          .bind(name);
  std::vector<RowId> rows;
  while (get.next()) {
    if (file_identity(get.text(1)) == identity && rows.size() < limit &&
        std::find(rows.begin(), rows.end(), get.integer(0)) == rows.end()) {
      rows.push_back(get.integer(0));
    }
  }
  std::vector<Row> out;
  for (const RowId row : rows) {
    out.push_back(this->get(row));
  }
  return out;
}

std::vector<Row> Ledger::find_message_id(std::uint64_t hash, std::size_t limit) {
  // Links of a message are made without its octets, so nobody noted its Message-ID for them.
  return rows_of(
      cached("SELECT row FROM message_ids WHERE hash=?1 UNION SELECT o.id FROM message_ids m"
             " JOIN rows r ON r.id=m.row JOIN rows o ON o.server_id=r.server_id AND"
             " length(o.server_id)>0 WHERE m.hash=?1 ORDER BY 1 LIMIT ?2")
          .bind(hash, limit));
}

void Ledger::note_message_id(RowId row, const std::optional<std::uint64_t>& hash) {
  if (hash) {
    write();
    cached("INSERT OR REPLACE INTO message_ids VALUES(?,?)").run(row, *hash);
  }
}

std::vector<RowId> Ledger::without_message_id(RowId after, std::size_t limit) {
  Statement& get = cached(
                       "SELECT r.id FROM rows r WHERE r.state IN (2, 7) AND r.id>? AND NOT EXISTS"
                       " (SELECT 1 FROM message_ids m WHERE m.row=r.id) ORDER BY r.id LIMIT ?")
                       .bind(after, limit);
  std::vector<RowId> out;
  while (get.next()) {
    out.push_back(get.integer(0));
  }
  return out;
}

std::vector<std::string> Ledger::owed_on(RowId row) {
  Statement& get =
      cached("SELECT s.id FROM sinks s JOIN owed o ON o.sink=s.id AND o.row=?").bind(row);
  std::vector<std::string> out;
  while (get.next()) {
    out.push_back(get.copy(0));
  }
  return out;
}

std::optional<Ledger::RunRow> Ledger::run_of(std::int64_t run) {
  Statement& get = cached("SELECT started, ended, exit_code FROM runs WHERE run=?").bind(run);
  std::optional<RunRow> out;
  if (get.next()) {
    out = RunRow{.run = run,
                 .started = std::chrono::sys_seconds(std::chrono::seconds(get.integer(0))),
                 .ended = time_of(get.maybe_integer(1)),
                 .exit_code = static_cast<int>(get.integer(2)),
                 .summary = {}};
  }
  get.reset();
  return out;
}

std::vector<Ledger::SinkRow> Ledger::sinks() {
  Statement& get = cached(
                       "SELECT s.id, s.complete, count(x.row), coalesce(sum(x.size), 0),"
                       " (SELECT count(*) FROM owed o WHERE o.sink=s.id),"
                       " (SELECT count(*) FROM intents i WHERE i.sink=s.id)"
                       " FROM sinks s LEFT JOIN receipts x ON x.sink=s.id AND x.state=1"
                       " GROUP BY s.id ORDER BY s.id")
                       .bind();
  std::vector<SinkRow> out;
  while (get.next()) {
    const auto number = [&](int column) { return static_cast<std::uint64_t>(get.integer(column)); };
    out.push_back({.id = get.copy(0),
                   .complete = get.integer(1) != 0,
                   .places = number(2),
                   .bytes = number(3),
                   .owed = number(4),
                   .intents = number(5)});
  }
  return out;
}

std::vector<VerifiedCopy> Ledger::copies_on(const std::string& sink, RowId row,
                                            const std::string& place, std::size_t limit) {
  Statement& get = cached(
                       "SELECT x.row, x.sink, x.place, x.location, x.size, x.digest, x.adopted,"
                       " r.key, r.digest FROM receipts x JOIN rows r ON r.id=x.row"
                       " WHERE x.state=1 AND x.sink=?1 AND (x.row, x.sink, x.place)>(?2, ?1, ?3)"
                       " ORDER BY x.row, x.sink, x.place LIMIT ?4")
                       .bind(std::string_view(sink), row, std::string_view(place), limit);
  std::vector<VerifiedCopy> out;
  while (get.next()) {
    out.push_back({.receipt = {.row = get.integer(0),
                               .sink = get.copy(1),
                               .place = get.copy(2),
                               .location = get.copy(3),
                               .size = static_cast<std::uint64_t>(get.integer(4)),
                               .digest = to_digest(get.text(5)),
                               .adopted = get.integer(6) != 0,
                               .keywords = {}},
                   .key = get.copy(7),
                   .original = {}});
    if (!get.is_null(8)) {
      out.back().original = to_digest(get.text(8));
    }
  }
  return out;
}

std::uint64_t Ledger::count_copies(const std::string& sink) {
  return count(cached("SELECT count(*) FROM receipts WHERE sink=? AND state=1")
                   .bind(std::string_view(sink)));
}

std::uint64_t Ledger::count_lacking(const std::string& sink) {
  return count(cached("SELECT count(*) FROM rows r WHERE r.state=2 AND NOT EXISTS"
                      " (SELECT 1 FROM receipts x WHERE x.row=r.id AND x.sink=?)")
                   .bind(std::string_view(sink)));
}

std::uint64_t Ledger::forget_sink(const std::string& sink) {
  write();
  const std::string_view id = sink;
  cached("DELETE FROM receipts WHERE sink=?").run(id);
  const auto forgotten = static_cast<std::uint64_t>(database_.changes());
  cached("DELETE FROM owed WHERE sink=?").run(id);
  cached("DELETE FROM intents WHERE sink=?").run(id);
  cached("DELETE FROM sinks WHERE id=?").run(id);
  cached("DELETE FROM kv WHERE component=?").run(std::string_view("sink:" + sink));
  cached("DELETE FROM meta WHERE name=?").run(std::string_view("on_remove:" + sink));
  return forgotten;
}

}  // namespace mailpipe::state
