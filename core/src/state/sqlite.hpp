#pragma once

#include <mailpipe/c_ptr.hpp>
#include <mailpipe/error.hpp>

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace mailpipe::state {

class Database;

/// One prepared statement. Bind with run() or first(), step with next(); columns by number.
///
/// Threads  One at a time, with its Database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);

  /// Binds all parameters in order and starts anew.
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (set(++index, values), ...);
    return *this;
  }

  /// Runs to the end.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    while (next()) {
    }
  }

  /// The next row, if there is one; at the end the statement is reset.
  [[nodiscard]] bool next();

  /// Ends reading before the last row, so that the read lock goes.
  void reset();

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

  bool is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
  }

  std::string_view text(int column) const;  ///< valid until the next step; also for BLOBs

  std::string copy(int column) const { return std::string(text(column)); }

  std::optional<std::int64_t> maybe_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }

 private:
  void check(int code) const;
  void set(int index, std::string_view text);
  void set(int index, std::nullopt_t);

  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>

  void set(int index, T value) {
    check(sqlite3_bind_int64(handle_.get(), index, static_cast<std::int64_t>(value)));
  }

  template <class T>
  void set(int index, const std::optional<T>& value) {
    if (value) {
      set(index, *value);
    } else {
      set(index, std::nullopt);
    }
  }

  CPtr<sqlite3_stmt, sqlite3_finalize> handle_;
  Database* database_;
};

/// An open database: WAL, synchronous FULL, foreign bytes as BLOB-safe text. Its statements refer to it where it is.
class Database {
 public:
  /// Opens or creates; ":memory:" for none on disk.
  explicit Database(std::string path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void execute(const std::string& sql);

  Statement prepare(std::string_view sql) { return {*this, sql}; }

  /// A call failed. SQLite may have rolled the transaction back by itself, so that what is written from then on would be
  /// committed without what came before.
  bool failed() const noexcept { return failed_; }

  /// Turns the result of a call into an Error; the one place that does.
  [[noreturn]] void fail(int code);

  std::int64_t last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }

  std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }

  const std::string& path() const noexcept { return path_; }

 private:
  friend class Statement;
  std::string path_;
  CPtr<sqlite3, sqlite3_close_v2> handle_;
  bool failed_ = false;
};

}  // namespace mailpipe::state
