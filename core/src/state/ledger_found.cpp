// What scans found, until a row owns it. See ledger.hpp.
#include "state/columns.hpp"
#include "state/ledger.hpp"
#include "state/pack.hpp"

namespace mailpipe::state {

namespace {

#define MAILPIPE_FOUND_COLUMNS                                                 \
  "f.id, f.sink, f.location, f.path, f.size, f.received_at, f.digest, f.ref, " \
  "f.original_size, f.original_digest, f.header_digest"

std::vector<FoundRow> read_found(Statement& from) {
  std::vector<FoundRow> out;
  while (from.next()) {
    FoundRow row{.id = from.integer(0), .sink = from.copy(1), .file = {}};
    Found& file = row.file;
    file.location = from.copy(2);
    file.path = unpack(from.text(3));
    file.size = static_cast<std::uint64_t>(from.integer(4));
    file.received_at = time_of(from.maybe_integer(5));
    file.digest = to_digest(from.text(6));
    file.ref = from.copy(7);
    if (!from.is_null(9)) {
      file.original = {.size = static_cast<std::uint64_t>(from.integer(8)),
                       .digest = to_digest(from.text(9)),
                       .header_digest = to_digest(from.text(10))};
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace

void Ledger::add_found(const std::string& sink, const Found& file) {
  write();
  std::optional<std::string_view> original_digest, header_digest;
  if (file.original) {
    original_digest = view(file.original->digest);
    header_digest = view(file.original->header_digest);
  }
  cached(
      "INSERT INTO found(sink, location, path, size, received_at, digest, ref, original_size, "
      "original_digest, header_digest) VALUES(?,?,?,?,?,?,?,?,?,?)")
      .run(std::string_view(sink), std::string_view(file.location),
           std::string_view(pack(file.path)), file.size, seconds(file.received_at),
           view(file.digest), std::string_view(file.ref),
           file.original ? file.original->size : file.size, original_digest, header_digest);
  const std::int64_t id = database_.last_row();
  for (const std::string& server_id : file.server_ids) {
    cached("INSERT OR IGNORE INTO found_ids VALUES(?,?)").run(std::string_view(server_id), id);
  }
  has_found_ = true;
}

std::vector<FoundRow> Ledger::find_found(std::string_view server_id) {
  return read_found(cached("SELECT " MAILPIPE_FOUND_COLUMNS
                           " FROM found_ids i JOIN found f ON f.id=i.found WHERE i.server_id=?"
                           " ORDER BY f.id")
                        .bind(server_id));
}

std::optional<FoundRow> Ledger::found(std::int64_t id) {
  auto rows =
      read_found(cached("SELECT " MAILPIPE_FOUND_COLUMNS " FROM found f WHERE f.id=?").bind(id));
  return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::vector<FoundRow> Ledger::find_found_by_ref(std::string_view ref) {
  return read_found(cached("SELECT " MAILPIPE_FOUND_COLUMNS
                           " FROM found f WHERE f.ref=? AND length(f.ref)>0 ORDER BY f.id")
                        .bind(ref));
}

std::vector<FoundRow> Ledger::find_found_by_size(std::uint64_t size, std::size_t limit) {
  return read_found(cached("SELECT " MAILPIPE_FOUND_COLUMNS
                           " FROM found f WHERE f.original_size=? AND f.header_digest IS NOT NULL"
                           " ORDER BY f.id LIMIT ?")
                        .bind(size, limit));
}

std::vector<std::string> Ledger::found_locations(const std::string& sink, std::size_t limit) {
  Statement& get = cached("SELECT location FROM found WHERE sink=? ORDER BY location LIMIT ?")
                       .bind(sink, static_cast<std::int64_t>(limit));
  std::vector<std::string> out;
  while (get.next()) {
    out.push_back(get.copy(0));
  }
  return out;
}

std::uint64_t Ledger::count_found(const std::string& sink) {
  return count(cached("SELECT count(*) FROM found WHERE sink=?").bind(sink));
}

void Ledger::remove_found(std::int64_t id) {
  write();
  cached("DELETE FROM found_ids WHERE found=?").run(id);
  cached("DELETE FROM found WHERE id=?").run(id);
}

void Ledger::clear_found() {
  write();
  cached("DELETE FROM found_ids").run();
  cached("DELETE FROM found").run();
  has_found_ = false;
}

std::uint64_t Ledger::count_found() {
  return count(cached("SELECT count(*) FROM found").bind());
}

}  // namespace mailpipe::state
