#include "state/sqlite.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace mailpipe::state {
namespace {

/// SQLite was refused a file, or opened it for reading instead, and does not always know why.
[[noreturn]] void throw_refused(std::string what, int reason, const std::string& path) {
  if (reason != 0) {
    what.append(": ").append(std::strerror(reason));  // NOLINT(concurrency-mt-unsafe): glibc's is
  }
  switch (reason) {
    case ENOSPC:
    case EDQUOT:
      throw Error(ErrorClass::NoSpace, what, "free some space and run again; nothing is lost");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      throw Error(ErrorClass::Transient, what);
    default:
      break;
  }
  const std::string folder = std::filesystem::path(path).parent_path();
  const bool may_write = ::access(path.c_str(), W_OK) == 0 || errno == ENOENT;
  if (may_write && ::access(folder.c_str(), W_OK) == 0) {
    throw Error(ErrorClass::Permanent, what, "check the disk, then run again");
  }
  throw Error(ErrorClass::Config, what, "check that you may write to the state folder");
}

}  // namespace

void Database::fail(int code) {
  int reason = errno;  // SQLite keeps it of some calls only
  failed_ = true;
  const std::string what = "the ledger '" + path_ +
                           "': " + (handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code));
  switch (code & 0xFF) {
    case SQLITE_FULL:
      throw Error(ErrorClass::NoSpace, what, "free some space and run again; nothing is lost");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(
          ErrorClass::Permanent, "the ledger '" + path_ + "' is damaged",
          "your mail is safe; 'mailpipe state rebuild PIPELINE' makes a new ledger from it");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorClass::Transient, what, "another program has the ledger open");
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      if (reason != ENOSPC && reason != EDQUOT) {
        reason = sqlite3_system_errno(handle_.get());
      }
      throw_refused(what, reason, path_);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw_refused(what, 0, path_);
    default:
      throw Error(ErrorClass::Permanent, what);
  }
}

Statement::Statement(Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v3(database.handle_.get(), sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  check(code);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) {
    database_->fail(code);
  }
}

void Statement::reset() {
  sqlite3_reset(handle_.get());
}

bool Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  sqlite3_reset(handle_.get());
  if (code != SQLITE_DONE) {
    database_->fail(code);
  }
  return false;
}

std::string_view Statement::text(int column) const {
  const void* data = sqlite3_column_blob(handle_.get(), column);
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

// Text from servers and file systems may be anything, so it goes in as BLOB; SQLite's own text functions are never used
// on it. Copied: the caller's string may be gone by the time of the step.
void Statement::set(int index, std::string_view text) {
  check(sqlite3_bind_blob64(handle_.get(), index, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_TRANSIENT));
}

void Statement::set(int index, std::nullopt_t) {
  check(sqlite3_bind_null(handle_.get(), index));
}

Database::Database(std::string path) : path_(std::move(path)) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path_.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    fail(code);
  }
  sqlite3_extended_result_codes(handle, 0);
  sqlite3_busy_timeout(handle, 5000);
  // The data of a message is synced by its sink; what makes it a backup is this file: FULL, or a commit may be lost.
  execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA "
      "cache_size=-4096;"
      "PRAGMA trusted_schema=OFF;");
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(code);
  }
}

}  // namespace mailpipe::state
