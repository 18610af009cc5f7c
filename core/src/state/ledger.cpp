#include "state/ledger.hpp"

#include "state/columns.hpp"
#include "state/pack.hpp"
#include "state/schema.hpp"

#include <sys/random.h>

#include <array>

namespace mailpipe::state {

namespace {

std::string random_id() {
  std::array<unsigned char, 16> octets{};
  if (::getrandom(octets.data(), octets.size(), 0) != static_cast<ssize_t>(octets.size())) {
    throw Error(ErrorClass::Transient, "the system gives no random numbers");
  }
  std::string out;
  for (const unsigned char octet : octets) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0xFU];
  }
  return out;
}

std::string location_of(const std::filesystem::path& file, Ledger::Open how) {
  if (how == Ledger::Open::InMemory) {
    return ":memory:";
  }
  const bool existing = how == Ledger::Open::Existing || how == Ledger::Open::Look;
  if (existing && !std::filesystem::exists(file)) {
    throw Error(ErrorClass::Config, "there is no ledger at '" + file.string() + "'",
                "has this pipeline run yet?");
  }
  return file.string();
}

std::int64_t to_seconds(std::chrono::sys_seconds time) {
  return time.time_since_epoch().count();
}

}  // namespace

const char* name_of(RowState state) noexcept {
  constexpr std::array kNames = {"unknown", "in flight",   "stored", "filtered", "deduplicated",
                                 "held",    "quarantined", "gone",   "dropped"};
  const auto index = static_cast<std::size_t>(state);
  return index < kNames.size() ? kNames[index] : "?";
}

Ledger::Ledger(const std::filesystem::path& file, const std::string& pipeline, Open how)
    : database_(location_of(file, how)),
      looks_only_(how == Open::Look) {
  Statement tables = database_.prepare("SELECT count(*) FROM sqlite_schema");
  const bool created = tables.next() && tables.integer(0) == 0;
  tables.reset();
  if (created) {
    database_.execute(std::string("BEGIN IMMEDIATE;") + kSchema +
                      "PRAGMA application_id=" + std::to_string(kApplicationId) +
                      "; PRAGMA user_version=" + std::to_string(kLedgerFormat) + ";");
    in_transaction_ = true;
    set_meta("ledger_id", random_id());
    set_meta("pipeline", pipeline);
    commit();
  }
  check_format(pipeline, created);
  id_ = meta("ledger_id").value_or("");
  has_found_ = count_found() > 0;
}

Ledger::~Ledger() {
  statements_.clear();  // before the database closes
}

void Ledger::check_format(const std::string& pipeline, bool created) {
  const auto pragma = [&](const char* sql) {
    Statement statement = database_.prepare(sql);
    return statement.next() ? statement.integer(0) : 0;
  };
  if (pragma("PRAGMA application_id") != kApplicationId) {
    throw Error(ErrorClass::Permanent, "'" + database_.path() + "' is no ledger of mailpipe",
                "move it away, then run 'mailpipe state rebuild PIPELINE'");
  }
  if (pragma("PRAGMA user_version") == 2) {
    database_.execute(std::string("BEGIN IMMEDIATE;") + kFrom2To3 +
                      "PRAGMA user_version=3; COMMIT;");
  }
  if (pragma("PRAGMA user_version") == 3) {
    database_.execute(std::string("BEGIN IMMEDIATE;") + kFrom3To4 +
                      "PRAGMA user_version=4; COMMIT;");
  }
  if (pragma("PRAGMA user_version") != kLedgerFormat) {
    throw Error(ErrorClass::Permanent,
                "the ledger '" + database_.path() + "' is of another version of mailpipe",
                "use the version that wrote it, or run 'mailpipe state rebuild PIPELINE'");
  }
  const std::string owner = meta("pipeline").value_or("");
  if (!created && !pipeline.empty() && owner != pipeline) {
    throw Error(ErrorClass::Config,
                "the ledger '" + database_.path() + "' belongs to the pipeline '" + owner + "'",
                "give this pipeline a state folder of its own");
  }
}

int Ledger::format() noexcept {
  return kLedgerFormat;
}

void Ledger::check_pages() {
  constexpr std::int64_t kSmall = std::int64_t{8} << 20U;  // a thirtieth of a second
  Statement size = database_.prepare(
      "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
  if (!size.next() || size.integer(0) > kSmall) {
    return;
  }
  Statement check = database_.prepare("PRAGMA quick_check(1)");
  if (!check.next() || check.text(0) != "ok") {
    database_.fail(SQLITE_CORRUPT);
  }
}

Statement& Ledger::cached(const char* sql) {
  std::unique_ptr<Statement>& statement = statements_[sql];
  if (!statement) {
    statement = std::make_unique<Statement>(database_.prepare(sql));
  }
  return *statement;
}

void Ledger::refuse_if_failed() const {
  if (database_.failed()) {
    throw Error(ErrorClass::Permanent,
                "the ledger '" + database_.path() + "' takes nothing more after its failure",
                "the next run goes on from what was committed before");
  }
}

void Ledger::write() {
  refuse_if_failed();
  if (!in_transaction_) {
    cached(looks_only_ ? "BEGIN" : "BEGIN IMMEDIATE").run();
    in_transaction_ = true;
  }
}

void Ledger::commit() {
  if (in_transaction_) {
    refuse_if_failed();
    cached("COMMIT").run();
    in_transaction_ = false;
  }
}

void Ledger::rollback() {
  if (in_transaction_ && !failed()) {
    cached("ROLLBACK").run();
    in_transaction_ = false;
  }
}

// ---- values and runs

std::optional<std::string> Ledger::meta(std::string_view name) {
  Statement& get = cached("SELECT value FROM meta WHERE name=?").bind(name);
  std::optional<std::string> value;
  if (get.next()) {
    value = get.copy(0);
  }
  get.reset();
  return value;
}

void Ledger::set_meta(std::string_view name, std::string_view value) {
  write();
  cached("INSERT INTO meta VALUES(?,?) ON CONFLICT DO UPDATE SET value=excluded.value")
      .run(name, value);
}

std::optional<std::string> Ledger::value(std::string_view component, std::string_view name) {
  Statement& get =
      cached("SELECT value FROM kv WHERE component=? AND name=?").bind(component, name);
  std::optional<std::string> value;
  if (get.next()) {
    value = get.copy(0);
  }
  get.reset();
  return value;
}

void Ledger::set_value(std::string_view component, std::string_view name, std::string_view value) {
  write();
  cached("INSERT INTO kv VALUES(?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value")
      .run(component, name, value);
}

std::int64_t Ledger::begin_run(std::chrono::sys_seconds now) {
  write();
  cached("INSERT INTO runs(started) VALUES(?)").run(to_seconds(now));
  return database_.last_row();
}

void Ledger::end_run(std::int64_t run, std::chrono::sys_seconds now, int exit_code,
                     std::string_view summary) {
  write();
  cached("UPDATE runs SET ended=?, exit_code=?, summary=? WHERE run=?")
      .run(to_seconds(now), exit_code, summary, run);
  cached("DELETE FROM runs WHERE run<=?").run(run - 1000);
}

std::vector<Ledger::RunRow> Ledger::last_runs(std::size_t limit) {
  Statement& get =
      cached("SELECT run, started, ended, exit_code, summary FROM runs ORDER BY run DESC LIMIT ?")
          .bind(limit);
  std::vector<RunRow> out;
  while (get.next()) {
    out.push_back({get.integer(0), std::chrono::sys_seconds(std::chrono::seconds(get.integer(1))),
                   time_of(get.maybe_integer(2)), static_cast<int>(get.integer(3)), get.copy(4)});
  }
  return out;
}

// ---- streams and mailboxes

StreamId Ledger::stream(std::string_view name, std::string_view label) {
  write();
  Statement& put = cached(
      "INSERT INTO streams(name, label) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET "
      "label=excluded.label RETURNING id");
  put.bind(name, label);
  const StreamId id = put.next() ? static_cast<StreamId>(put.integer(0)) : 0;
  while (put.next()) {
  }
  return id;
}

std::vector<Ledger::StreamRow> Ledger::streams() {
  Statement& get = cached("SELECT id, name, label, cursor FROM streams ORDER BY id").bind();
  std::vector<StreamRow> out;
  while (get.next()) {
    out.push_back({static_cast<StreamId>(get.integer(0)), get.copy(1), get.copy(2), get.copy(3)});
  }
  return out;
}

void Ledger::set_cursor(StreamId stream, std::string_view cursor, std::uint64_t group) {
  write();
  cached("UPDATE streams SET cursor=? WHERE id=?").run(cursor, stream);
  cover(stream, group);
}

void Ledger::clear_cursor(StreamId stream) {
  write();
  cached("UPDATE streams SET cursor='' WHERE id=?").run(stream);
}

void Ledger::clear_cursors() {
  write();
  cached("UPDATE streams SET cursor=?").run(std::string_view());
}

// ---- sinks

std::optional<bool> Ledger::sink_complete(const std::string& sink) {
  Statement& get = cached("SELECT complete FROM sinks WHERE id=?").bind(std::string_view(sink));
  std::optional<bool> complete;
  if (get.next()) {
    complete = get.integer(0) != 0;
  }
  get.reset();
  return complete;
}

void Ledger::set_sink_complete(const std::string& sink, bool complete) {
  write();
  cached("INSERT INTO sinks VALUES(?,?) ON CONFLICT DO UPDATE SET complete=excluded.complete")
      .run(std::string_view(sink), static_cast<int>(complete));
}

}  // namespace mailpipe::state
