// The rows of the ledger, their receipts and intents. See ledger.hpp.
#include "state/columns.hpp"
#include "state/ledger.hpp"
#include "state/pack.hpp"

#include <algorithm>

namespace mailpipe::state {

namespace {

// One list of columns for every query that reads rows, in the order of read_row().
#define MAILPIPE_ROW_COLUMNS                                                                  \
  "r.id, r.stream, r.state, r.key, r.server_id, r.ref, r.size, r.received_at, r.places, "     \
  "r.keywords, r.attributes, "                                                                \
  "r.initial, r.name, r.digest, r.header_digest, r.reason, r.due, r.owner, r.tries, r.seen, " \
  "r.counted, r.outcome"

std::string pack_places(const Item& item) {
  std::vector<std::string> ids;
  for (const Mailbox& place : item.places) {
    ids.push_back(place.id);
  }
  return pack(ids);
}

std::string pack_pairs(const Pairs& pairs) {
  std::vector<std::string> flat;
  for (const auto& [name, value] : pairs) {
    flat.push_back(name);
    flat.push_back(value);
  }
  return pack(flat);
}

void unpack_into(Item& item, std::string_view places, std::string_view keywords,
                 std::string_view attributes) {
  for (std::string& id : unpack(places)) {
    item.places.push_back({.id = std::move(id), .path = {}, .role = {}});
  }
  item.keywords = unpack(keywords);
  std::vector<std::string> flat = unpack(attributes);
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
    item.attributes.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
  }
}

}  // namespace

Row Ledger::read_row(Statement& from) {
  Row row;
  row.id = from.integer(0);
  row.item.stream = static_cast<StreamId>(from.integer(1));
  row.state = static_cast<RowState>(from.integer(2));
  row.item.key = from.copy(3);
  row.item.server_id = from.copy(4);
  row.item.ref = from.copy(5);
  if (const auto size = from.maybe_integer(6)) {
    row.item.size = static_cast<std::uint64_t>(*size);
  }
  row.item.received_at = time_of(from.maybe_integer(7));
  unpack_into(row.item, from.text(8), from.text(9), from.text(10));
  row.item.initial = from.integer(11) != 0;
  row.item.name = from.copy(12);
  if (!from.is_null(13)) {
    row.digest = to_digest(from.text(13));
  }
  if (!from.is_null(14)) {
    row.header_digest = to_digest(from.text(14));
  }
  row.reason = from.copy(15);
  row.due = time_of(from.maybe_integer(16));
  row.owner = from.copy(17);
  row.tries = from.integer(18);
  row.seen = from.integer(19);
  row.counted = from.integer(20);
  row.outcome = static_cast<Outcome>(from.integer(21));
  return row;
}

std::vector<Row> Ledger::read_rows(Statement& from) {
  std::vector<Row> out;
  while (from.next()) {
    out.push_back(read_row(from));
  }
  return out;
}

Row Ledger::find(std::string_view key) {
  write();  // in the run's transaction: outside of one each read would lock the file
  Statement& get = cached("SELECT " MAILPIPE_ROW_COLUMNS " FROM rows r WHERE r.key=?").bind(key);
  Row row;
  if (get.next()) {
    row = read_row(get);
  }
  get.reset();
  return row;
}

Row Ledger::get(RowId id) {
  Statement& get = cached("SELECT " MAILPIPE_ROW_COLUMNS " FROM rows r WHERE r.id=?").bind(id);
  Row row;
  if (get.next()) {
    row = read_row(get);
  }
  get.reset();
  return row;
}

RowId Ledger::insert(const Row& row) {
  const RowId id = insert_row(row);
  note_come(row, id);
  return id;
}

RowId Ledger::insert_row(const Row& row) {
  write();
  const Item& item = row.item;
  cached(
      "INSERT INTO rows(stream, state, key, server_id, ref, size, received_at, places, keywords, "
      "attributes, initial,"
      " name, digest, header_digest, reason, due, owner, tries, seen, counted, outcome)"
      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .run(item.stream, row.state, std::string_view(item.key), std::string_view(item.server_id),
           std::string_view(item.ref), item.size, seconds(item.received_at),
           std::string_view(pack_places(item)), std::string_view(pack(item.keywords)),
           std::string_view(pack_pairs(item.attributes)), static_cast<int>(item.initial),
           std::string_view(item.name), view(row.digest), view(row.header_digest),
           std::string_view(row.reason), seconds(row.due), std::string_view(row.owner), row.tries,
           row.seen, row.counted, row.outcome);
  return database_.last_row();
}

void Ledger::update(const Row& row) {
  write();
  const Item& item = row.item;
  cached(
      "UPDATE rows SET state=?, server_id=?, ref=?, size=?, received_at=?, places=?, keywords=?, "
      "attributes=?,"
      " name=?, digest=?, header_digest=?, reason=?, due=?, owner=?, tries=?, seen=?, counted=?, "
      "outcome=?, rejudge=0"
      " WHERE id=?")
      .run(row.state, std::string_view(item.server_id), std::string_view(item.ref), item.size,
           seconds(item.received_at), std::string_view(pack_places(item)),
           std::string_view(pack(item.keywords)), std::string_view(pack_pairs(item.attributes)),
           std::string_view(item.name), view(row.digest), view(row.header_digest),
           std::string_view(row.reason), seconds(row.due), std::string_view(row.owner), row.tries,
           row.seen, row.counted, row.outcome, row.id);
}

void Ledger::put_digests(const Row& row) {
  write();
  cached("UPDATE rows SET digest=?, header_digest=? WHERE id=?")
      .run(view(row.digest), view(row.header_digest), row.id);
}

void Ledger::touch(const Row& row) {
  write();
  cached("UPDATE rows SET seen=?, counted=?, outcome=? WHERE id=?")
      .run(row.seen, row.counted, row.outcome, row.id);
}

void Ledger::rekey(const Row& row) {
  write();
  Row old = get(row.id);
  note_former_key(row);
  cached("UPDATE rows SET key=?, stream=?, initial=? WHERE id=?")
      .run(std::string_view(row.item.key), row.item.stream, static_cast<int>(row.item.initial),
           row.id);
  update(row);
  leave_key_behind(std::move(old));
  note_come(row, row.id);
}

std::uint64_t Ledger::count(Statement& query) {
  const std::uint64_t count = query.next() ? static_cast<std::uint64_t>(query.integer(0)) : 0;
  query.reset();
  return count;
}

std::uint64_t Ledger::count_to_judge() {
  return count(cached("SELECT count(*) FROM rows WHERE rejudge=1").bind());
}

std::uint64_t Ledger::count(RowState state) {
  // The number stands in the text for the states that have a partial index: a bound one would scan every row.
  const char* sql = state == RowState::Held          ? "SELECT count(*) FROM rows WHERE state=5"
                    : state == RowState::Quarantined ? "SELECT count(*) FROM rows WHERE state=6"
                    : state == RowState::InFlight    ? "SELECT count(*) FROM rows WHERE state=1"
                                                     : nullptr;
  return count(sql != nullptr ? cached(sql).bind()
                              : cached("SELECT count(*) FROM rows WHERE state=?").bind(state));
}

bool Ledger::any_stored() {
  Statement& get = cached("SELECT 1 FROM rows WHERE state=2 LIMIT 1").bind();
  const bool any = get.next();
  get.reset();
  return any;
}

std::vector<Row> Ledger::copies(std::string_view server_id, std::size_t limit) {
  return read_rows(
      cached("SELECT " MAILPIPE_ROW_COLUMNS
             " FROM rows r WHERE r.server_id=? AND length(r.server_id)>0 AND r.state IN "
             "(2, 7) ORDER BY r.state DESC, r.id LIMIT ?")
          .bind(server_id, limit));
}

std::vector<Row> Ledger::dead(std::uint64_t size, std::size_t limit) {
  return read_rows(
      cached("SELECT " MAILPIPE_ROW_COLUMNS
             " FROM rows r WHERE r.state=7 AND r.size=? AND r.header_digest IS NOT NULL"
             " ORDER BY r.id LIMIT ?")
          .bind(size, limit));
}

std::vector<Row> Ledger::rows(RowState state, RowId after, std::size_t limit) {
  return read_rows(cached("SELECT " MAILPIPE_ROW_COLUMNS
                          " FROM rows r WHERE r.state=? AND r.id>? ORDER BY r.id LIMIT ?")
                       .bind(state, after, limit));
}

std::vector<Row> Ledger::to_reoffer(std::chrono::sys_seconds now, RowId after, std::size_t limit) {
  // Three queries, each on its own partial index, merged by id; a row that fits two of them comes once.
  const std::int64_t at = now.time_since_epoch().count();
  std::vector<Row> out =
      read_rows(cached("SELECT " MAILPIPE_ROW_COLUMNS
                       " FROM rows r WHERE r.state=5 AND r.due<=? AND r.id>? ORDER BY r.id LIMIT ?")
                    .bind(at, after, limit));
  for (Statement* query :
       {&cached("SELECT " MAILPIPE_ROW_COLUMNS
                " FROM rows r WHERE r.state=6 AND r.id>? ORDER BY r.id LIMIT ?"),
        &cached("SELECT " MAILPIPE_ROW_COLUMNS
                " FROM rows r WHERE r.rejudge=1 AND r.id>? ORDER BY r.id LIMIT ?")}) {
    query->bind(after, limit);
    std::vector<Row> more = read_rows(*query);
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  std::sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
  out.erase(
      std::unique(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.id == b.id; }),
      out.end());
  if (out.size() > limit) {
    out.resize(limit);
  }
  return out;
}

std::vector<Row> Ledger::unseen(StreamId stream, std::int64_t listing, RowId after,
                                std::size_t limit) {
  return read_rows(
      cached("SELECT " MAILPIPE_ROW_COLUMNS
             " FROM rows r WHERE r.stream=? AND r.seen<? AND r.state NOT IN (1, 7) AND r.id>?"
             " ORDER BY r.id LIMIT ?")
          .bind(stream, listing, after, limit));
}

void Ledger::judge_all_again() {
  write();
  cached("UPDATE rows SET rejudge=1 WHERE state IN (3, 5)").run();
}

// ---- receipts and intents

void Ledger::put_receipt(const ReceiptRow& receipt) {
  write();
  cached(
      "INSERT INTO receipts VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET "
      "location=excluded.location,"
      " size=excluded.size, digest=excluded.digest, adopted=excluded.adopted, state=excluded.state,"
      " keywords=excluded.keywords")
      .run(receipt.row, std::string_view(receipt.sink), std::string_view(receipt.place),
           std::string_view(receipt.location), receipt.size, view(receipt.digest),
           static_cast<int>(receipt.adopted), receipt.state,
           std::string_view(pack(receipt.keywords)));
}

std::vector<ReceiptRow> Ledger::receipts(RowId row) {
  write();  // in the run's transaction: outside of one each read would lock the file
  Statement& get =
      cached(
          "SELECT row, sink, place, location, size, digest, adopted, state, keywords FROM "
          "receipts WHERE row=?")
          .bind(row);
  std::vector<ReceiptRow> out;
  while (get.next()) {
    out.push_back({get.integer(0), get.copy(1), get.copy(2), get.copy(3),
                   static_cast<std::uint64_t>(get.integer(4)), to_digest(get.text(5)),
                   get.integer(6) != 0, static_cast<ReceiptRow::State>(get.integer(7)),
                   unpack(get.text(8))});
  }
  return out;
}

void Ledger::forget_filtered(const std::string& sink) {
  write();
  cached("DELETE FROM receipts WHERE sink=? AND state=2").run(std::string_view(sink));
}

std::vector<Row> Ledger::lacking(const std::string& sink, RowId after, std::size_t limit) {
  return read_rows(
      cached("SELECT " MAILPIPE_ROW_COLUMNS " FROM rows r WHERE r.state=2 AND r.id>? AND NOT EXISTS"
             " (SELECT 1 FROM receipts x WHERE x.row=r.id AND x.sink=?) ORDER BY r.id LIMIT ?")
          .bind(after, std::string_view(sink), limit));
}

void Ledger::put_intent(const IntentRow& intent, const Digest& header_digest) {
  write();
  cached(
      "INSERT INTO intents(row, sink, place, location, token, size, digest, header_digest, "
      "keywords) "
      "VALUES(?,?,?,?,?,?,?,?,?)")
      .run(intent.row, std::string_view(intent.sink), std::string_view(intent.place),
           std::string_view(intent.location), std::string_view(intent.token), intent.size,
           view(intent.digest), view(header_digest), std::string_view(pack(intent.keywords)));
}

std::vector<IntentRow> Ledger::intents(const std::string& sink) {
  Statement& get = cached(
                       "SELECT i.id, i.row, i.sink, i.place, i.location, i.token, r.key, i.size, "
                       "i.digest, i.keywords"
                       " FROM intents i JOIN rows r ON r.id=i.row WHERE i.sink=? ORDER BY i.id")
                       .bind(std::string_view(sink));
  std::vector<IntentRow> out;
  while (get.next()) {
    out.push_back({get.integer(0), get.integer(1), get.copy(2), get.copy(3), get.copy(4),
                   get.copy(5), get.copy(6), static_cast<std::uint64_t>(get.integer(7)),
                   to_digest(get.text(8)), unpack(get.text(9))});
  }
  return out;
}

void Ledger::remove_intents(RowId row, const std::string& sink) {
  write();
  cached("DELETE FROM intents WHERE row=? AND sink=?").run(row, std::string_view(sink));
}

void Ledger::redeem(const IntentRow& intent) {
  put_receipt({.row = intent.row,
               .sink = intent.sink,
               .place = intent.place,
               .location = intent.location,
               .size = intent.size,
               .digest = intent.digest,
               .keywords = intent.keywords});
  // A further place of a stored message is a link: it tells nothing new of the message.
  cached(
      "UPDATE rows SET state=2, reason='', due=NULL,"
      " digest=CASE WHEN state=2 THEN COALESCE(digest, ?1) ELSE ?1 END, header_digest=CASE WHEN "
      "state=2 AND header_digest IS NOT NULL THEN header_digest ELSE "
      "(SELECT NULLIF(header_digest, zeroblob(32)) FROM intents WHERE id=?2) END WHERE id=?3")
      .run(view(intent.digest), intent.id, intent.row);
  forget(intent);
}

void Ledger::forget(const IntentRow& intent) {
  write();
  cached("DELETE FROM intents WHERE id=?").run(intent.id);
}

void Ledger::settle_in_flight() {
  write();
  cached(
      "UPDATE rows SET state=2 WHERE state=1 AND EXISTS (SELECT 1 FROM receipts x WHERE "
      "x.row=rows.id)")
      .run();
  cached("DELETE FROM message_ids WHERE row IN (SELECT id FROM rows WHERE state=1)").run();
  cached("DELETE FROM uncovered WHERE row IN (SELECT id FROM rows WHERE state=1)")
      .run();  // ids come again
  cached("DELETE FROM rows WHERE state=1").run();
}

}  // namespace mailpipe::state
