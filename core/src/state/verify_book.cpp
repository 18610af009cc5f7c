#include "state/verify_book.hpp"

#include "state/columns.hpp"
#include "state/file_identity.hpp"

namespace mailpipe::state {

namespace {

constexpr const char* kBook = R"sql(
CREATE TABLE files(identity NOT NULL, location NOT NULL, size INTEGER NOT NULL, digest NOT NULL,
  claimed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(identity, location)) WITHOUT ROWID;
CREATE INDEX unclaimed ON files(digest, size) WHERE claimed=0;
CREATE TABLE findings(
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, ending INTEGER NOT NULL, row INTEGER NOT NULL, sink NOT NULL,
  key NOT NULL, place NOT NULL, location NOT NULL, detail NOT NULL, reason NOT NULL,
  size INTEGER NOT NULL, digest NOT NULL);
CREATE TABLE listed(key NOT NULL PRIMARY KEY, ref NOT NULL, size INTEGER, received_at INTEGER) WITHOUT ROWID;
CREATE INDEX listed_ref ON listed(ref) WHERE length(ref)>0;
BEGIN;
)sql";

}  // namespace

VerifyBook::VerifyBook() : database_("") {
  database_.execute(kBook);
}

VerifyBook::~VerifyBook() {
  statements_.clear();  // before the database closes
}

Statement& VerifyBook::cached(const char* sql) {
  std::unique_ptr<Statement>& statement = statements_[sql];
  if (!statement) {
    statement = std::make_unique<Statement>(database_.prepare(sql));
  }
  return *statement;
}

void VerifyBook::begin_sink() {
  cached("DELETE FROM files").run();
}

void VerifyBook::add_file(const Found& file) {
  cached("INSERT OR REPLACE INTO files(identity, location, size, digest) VALUES(?,?,?,?)")
      .run(std::string_view(file_identity(file.location)), std::string_view(file.location),
           file.size, view(file.digest));
}

bool VerifyBook::claim(std::string_view location, std::uint64_t size, const Digest& digest) {
  cached("UPDATE files SET claimed=1 WHERE identity=? AND size=? AND digest=?")
      .run(std::string_view(file_identity(location)), size, view(digest));
  return database_.changes() > 0;
}

bool VerifyBook::claim_elsewhere(std::uint64_t size, const Digest& digest) {
  cached(
      "UPDATE files SET claimed=1 WHERE (identity, location) ="
      " (SELECT identity, location FROM files WHERE digest=? AND size=? AND claimed=0 LIMIT 1)")
      .run(view(digest), size);
  return database_.changes() > 0;
}

std::optional<std::uint64_t> VerifyBook::claim_name(std::string_view location) {
  const std::string identity = file_identity(location);
  Statement& get = cached("SELECT size FROM files WHERE identity=? AND claimed=0")
                       .bind(std::string_view(identity));
  std::optional<std::uint64_t> size;
  if (get.next()) {
    size = static_cast<std::uint64_t>(get.integer(0));
  }
  get.reset();
  cached("UPDATE files SET claimed=1 WHERE identity=?").run(std::string_view(identity));
  return size;
}

void VerifyBook::unclaimed(const std::function<void(const std::string& location)>& use) {
  Statement& get =
      cached("SELECT location FROM files WHERE claimed=0 ORDER BY identity, location").bind();
  while (get.next()) {
    use(get.copy(0));
  }
}

void VerifyBook::add(const Finding& one) {
  cached(
      "INSERT INTO findings(kind, ending, row, sink, key, place, location, detail, reason,"
      " size, digest) VALUES(?,?,?,?,?,?,?,?,?,?,?)")
      .run(one.kind, one.end, one.row, std::string_view(one.sink), std::string_view(one.key),
           std::string_view(one.place), std::string_view(one.location),
           std::string_view(one.detail), std::string_view(one.reason), one.size, view(one.digest));
}

void VerifyBook::update(const Finding& one) {
  cached("UPDATE findings SET kind=?, ending=?, detail=?, reason=?, size=? WHERE id=?")
      .run(one.kind, one.end, std::string_view(one.detail), std::string_view(one.reason), one.size,
           one.id);
}

void VerifyBook::erase(const Finding& one) {
  cached("DELETE FROM findings WHERE id=?").run(one.id);
}

void VerifyBook::for_each(const std::function<void(Finding&)>& use) {
  constexpr std::size_t kChunk = 500;
  for (auto chunk = findings(0, kChunk); !chunk.empty();
       chunk = findings(chunk.back().id, kChunk)) {
    for (Finding& finding : chunk) {
      use(finding);
    }
  }
}

std::vector<Finding> VerifyBook::findings(std::int64_t after, std::size_t limit) {
  Statement& get =
      cached(
          "SELECT id, kind, ending, row, sink, key, place, location, detail, reason, size,"
          " digest FROM findings WHERE id>? ORDER BY id LIMIT ?")
          .bind(after, limit);
  std::vector<Finding> out;
  while (get.next()) {
    out.push_back({.id = get.integer(0),
                   .kind = static_cast<Finding::Kind>(get.integer(1)),
                   .end = static_cast<Finding::End>(get.integer(2)),
                   .row = get.integer(3),
                   .sink = get.copy(4),
                   .key = get.copy(5),
                   .place = get.copy(6),
                   .location = get.copy(7),
                   .detail = get.copy(8),
                   .reason = get.copy(9),
                   .size = static_cast<std::uint64_t>(get.integer(10)),
                   .digest = to_digest(get.text(11))});
  }
  return out;
}

std::uint64_t VerifyBook::count(Finding::Kind kind, std::string_view sink) {
  Statement& get = cached("SELECT count(*) FROM findings WHERE kind=? AND sink=?").bind(kind, sink);
  const auto count = get.next() ? static_cast<std::uint64_t>(get.integer(0)) : 0;
  get.reset();
  return count;
}

std::uint64_t VerifyBook::count(Finding::End end) {
  Statement& get = cached("SELECT count(*) FROM findings WHERE ending=? AND kind<4").bind(end);
  const auto count = get.next() ? static_cast<std::uint64_t>(get.integer(0)) : 0;
  get.reset();
  return count;
}

void VerifyBook::list(const Item& item) {
  cached("INSERT OR IGNORE INTO listed VALUES(?,?,?,?)")
      .run(std::string_view(item.key), std::string_view(item.ref), item.size,
           seconds(item.received_at));
}

void VerifyBook::unlist(std::string_view key) {
  cached("DELETE FROM listed WHERE key=?").run(key);
}

bool VerifyBook::is_listed(std::string_view key) {
  Statement& get = cached("SELECT 1 FROM listed WHERE key=?").bind(key);
  const bool is = get.next();
  get.reset();
  return is;
}

std::vector<std::string> VerifyBook::listed_as(const Item& item) {
  Statement& get = cached(
                       "SELECT key FROM listed WHERE ref=? AND length(ref)>0 AND size IS ?"
                       " AND received_at IS ?")
                       .bind(std::string_view(item.ref), item.size, seconds(item.received_at));
  std::vector<std::string> out;
  while (get.next()) {
    out.push_back(get.copy(0));
  }
  return out;
}

void VerifyBook::listed(const std::function<void(const std::string& key)>& use) {
  Statement& get = cached("SELECT key FROM listed ORDER BY key").bind();
  while (get.next()) {
    use(get.copy(0));
  }
}

}  // namespace mailpipe::state
