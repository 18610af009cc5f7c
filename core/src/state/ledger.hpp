#pragma once

#include "state/row.hpp"
#include "state/sqlite.hpp"

#include <mailpipe/item.hpp>
#include <mailpipe/source.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mailpipe::state {

/// What a scan found lying in a sink.
struct FoundRow {
  std::int64_t id = 0;
  std::string sink;
  Found file;
};

/// A copy, with what its row says.
struct VerifiedCopy {
  ReceiptRow receipt;
  std::string key;
  std::optional<Digest> original;  ///< of the octets as the server sent them
};

/// The state of one pipeline: what is known of every message, and proof of where it lies.
///
/// Life cycle   Open; any number of calls; commit() where something must be durable. Writes go into one transaction,
///              begun by the first of them; destruction without commit() forgets them.
/// Threads      One at a time; the engine's.
/// Errors       Throws Error: Permanent when damaged (with the hint how to rebuild), NoSpace, Config, Transient.
/// Durability   After commit() returns, all that was written before survives a power cut (WAL, synchronous FULL).
/// It stands for the database wherever it is: nothing outside this folder knows that it is SQLite.
class Ledger {
 public:
  /// Look: nothing will be written, so that reading never waits for a run that is going on, nor a run for it.
  enum class Open { Existing, Create, InMemory, Look };

  Ledger(const std::filesystem::path& file, const std::string& pipeline, Open how);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  /// Where the ledger of a state folder is.
  static std::filesystem::path file_in(const std::filesystem::path& state_dir) {
    return state_dir / "ledger.db";
  }

  /// Random, made with the file: what the markers in the sinks' roots name.
  const std::string& id() const noexcept { return id_; }

  static int format() noexcept;

  void commit();
  void rollback();

  /// A call failed: nothing is taken any more, and the last commit is what counts.
  bool failed() const noexcept { return database_.failed(); }

  // ---- values and runs
  std::optional<std::string> meta(std::string_view name);
  void set_meta(std::string_view name, std::string_view value);
  std::optional<std::string> value(std::string_view component, std::string_view name);
  void set_value(std::string_view component, std::string_view name, std::string_view value);
  std::int64_t begin_run(std::chrono::sys_seconds now);
  void end_run(std::int64_t run, std::chrono::sys_seconds now, int exit_code,
               std::string_view summary);

  struct RunRow {
    std::int64_t run = 0;
    std::chrono::sys_seconds started{};
    std::optional<std::chrono::sys_seconds> ended;
    int exit_code = 0;
    std::string summary;
  };

  std::vector<RunRow> last_runs(std::size_t limit);

  // ---- streams and mailboxes
  struct StreamRow {
    StreamId id = 0;
    std::string name, label, cursor;
  };

  StreamId stream(std::string_view name, std::string_view label);
  std::vector<StreamRow> streams();

  /// It covers all that was told in `group` or before.
  void set_cursor(StreamId stream, std::string_view cursor, std::uint64_t group);
  void clear_cursor(StreamId stream);
  void clear_cursors();
  std::optional<std::vector<std::string>> mailbox_path(StreamId stream, const std::string& id);
  void put_mailbox(StreamId stream, const Mailbox& mailbox);
  void remove_mailbox(StreamId stream, const std::string& id);
  std::vector<std::string> mailbox_ids(StreamId stream);

  /// All of them, each path once.
  std::vector<Mailbox> mailboxes();

  /// The mailbox of that path is no longer there, unless another has it.
  void leave_mailbox(const std::vector<std::string>& path);
  std::vector<Mailbox> left_mailboxes();  ///< deeper ones first; without id
  void forget_left_mailbox(const std::vector<std::string>& path);

  /// Fills in path and role of the item's places.
  void complete(Item& item);

  // ---- rows
  /// RowState::None when the key is unknown.
  Row find(std::string_view key);
  RowId insert(const Row& row);

  /// The key of today of the stored message that had this key at some time; nothing if there is none. `gone_too`: a copy
  /// is enough, whatever became of the message on the server.
  std::optional<std::string> stored_as(std::string_view key, bool gone_too);

  /// Everything of the row but its id and key.
  void update(const Row& row);

  /// The digests only.
  void put_digests(const Row& row);

  /// seen, counted and outcome only.
  void touch(const Row& row);

  /// The row lives on under another key, perhaps in another stream.
  void rekey(const Row& row);

  Row get(RowId id);

  /// Stored and gone rows of one server id, gone ones first.
  std::vector<Row> copies(std::string_view server_id, std::size_t limit);

  /// Gone rows of that size whose header is known.
  std::vector<Row> dead(std::uint64_t size, std::size_t limit);

  // ---- rows that no cursor covers (ledger_uncovered.cpp): after a run that broke off, the source lists from before they
  // came or went
  /// It went, or is back from having gone. What came is noted by insert() and rekey().
  void note_gone(const Row& row);
  void note_back(const Row& row);

  /// A row that stands for a key only is to become a message's, and stays whatever comes of that.
  void note_wanted(const Row& row);

  /// Doubts all of them; false when there are none.
  bool doubt_uncovered();

  /// The source told of it again.
  void believe(const Row& row);

  /// A complete listing of the stream has no room for what went.
  void believe_gone(StreamId stream);

  /// Whether anything of a stream is still in doubt.
  bool in_doubt(StreamId stream);

  /// Rows of a stream that came, are not gone, and still in doubt; by id.
  std::vector<Row> doubted(StreamId stream, RowId after, std::size_t limit);

  /// Those that went and are still in doubt.
  std::vector<Row> doubted_gone(StreamId stream, RowId after, std::size_t limit);

  std::uint64_t count(RowState state);
  bool any_stored();
  std::vector<Row> rows(RowState state, RowId after, std::size_t limit);

  /// Rows that must be judged or fetched again without being listed: held ones that are due, quarantined ones, and those
  /// marked by judge_all_again().
  std::vector<Row> to_reoffer(std::chrono::sys_seconds now, RowId after, std::size_t limit);

  /// Rows of a stream that the complete listing `listing` did not bring, and that are not gone already.
  std::vector<Row> unseen(StreamId stream, std::int64_t listing, RowId after, std::size_t limit);

  /// Rows that are to be judged again, whatever they wait for.
  std::uint64_t count_to_judge();

  /// Every filtered and held row is judged again in this run.
  void judge_all_again();

  // ---- duplicates that were left out: they stand while the message that they duplicate is stored
  /// Those of one message are judged again; how many there are.
  std::uint64_t judge_duplicates_again(std::string_view owner);

  /// A duplicate has taken the place of its owner, which is gone: the owner's row names it.
  void put_successor(std::string_view owner, std::string_view successor);

  /// Those of messages that are gone from the server; or all of them.
  void judge_orphans_again();
  void judge_all_duplicates_again();

  // ---- receipts and intents
  void put_receipt(const ReceiptRow& receipt);
  std::vector<ReceiptRow> receipts(RowId row);

  /// Lets the sink's own filters judge once more what they left out.
  void forget_filtered(const std::string& sink);

  /// Stored rows without any receipt for the sink.
  std::vector<Row> lacking(const std::string& sink, RowId after, std::size_t limit);
  void put_intent(const IntentRow& intent, const Digest& header_digest);
  std::vector<IntentRow> intents(const std::string& sink);
  void remove_intents(RowId row, const std::string& sink);

  /// The intent came true: its receipt, and the row's digests.
  void redeem(const IntentRow& intent);
  void forget(const IntentRow& intent);

  /// After the intents of all sinks were walked: rows that were in flight are stored if a receipt says so, else unknown.
  void settle_in_flight();

  // ---- what sinks owe: rows whose receipts differ from what the row says
  void owe(const std::string& sink, RowId row);

  /// Every row with a receipt: the rule of what is owed changed.
  void owe_all(const std::string& sink);

  /// Every row in that mailbox.
  void owe_mailbox(StreamId stream, const std::string& id);
  void paid(const std::string& sink, RowId row);
  std::vector<RowId> owed(const std::string& sink, RowId after, std::size_t limit);
  std::uint64_t count_owed(const std::string& sink);

  /// Places of all messages in all sinks.
  std::uint64_t count_places();

  /// The places of a sink in which a copy lies.
  std::set<std::string> places_with_copies(const std::string& sink);
  void remove_receipt(const ReceiptRow& receipt);

  /// Whether that file of a sink without places is the copy of another stored message, too.
  bool lies_for_another(RowId row, const std::string& sink, const std::string& location);

  /// Sinks name files by key and octets: one that has a key which `row` had, or had the key that it has, may lie in the same
  /// file. Whether such a message is stored, and that copy is its copy, too.
  bool lies_for_a_former_key(const Row& row, const ReceiptRow& copy);

  /// put_receipt() of a copy of `row` whose file has another name now; all that lie in it are told so.
  void put_renamed(const Row& row, const ReceiptRow& copy);

  // ---- sinks
  /// Nothing: the sink is new to this ledger.
  std::optional<bool> sink_complete(const std::string& sink);
  void set_sink_complete(const std::string& sink, bool complete);

  /// Reads the whole file if it is small, to find damage that this run might not come across. Throws Permanent.
  void check_pages();

  // ---- what scans found
  void add_found(const std::string& sink, const Found& file);

  bool has_found() const noexcept { return has_found_; }

  std::vector<FoundRow> find_found(std::string_view server_id);
  std::optional<FoundRow> found(std::int64_t id);
  std::vector<FoundRow> find_found_by_ref(std::string_view ref);

  /// Of that size as the server sent them, with a known header.
  std::vector<FoundRow> find_found_by_size(std::uint64_t size, std::size_t limit);
  std::vector<std::string> found_locations(const std::string& sink, std::size_t limit);
  std::uint64_t count_found(const std::string& sink);
  void remove_found(std::int64_t id);
  void clear_found();
  std::uint64_t count_found();

  // ---- what people ask (ledger_inquiry.cpp)

  /// By key, else by a key that it had before, else by server id.
  std::vector<Row> find_named(std::string_view name, std::size_t limit);

  /// Whose file lies there, whatever a reader of the Maildir made of its name. Looks at all receipts.
  std::vector<Row> find_lying_at(const std::string& location, std::size_t limit);

  /// By spool::message_id_hash(), with all others of the same server id.
  std::vector<Row> find_message_id(std::uint64_t hash, std::size_t limit);
  void note_message_id(RowId row, const std::optional<std::uint64_t>& hash);

  /// Stored and gone rows whose Message-ID nobody noted: adopted files, and what an earlier version stored.
  std::vector<RowId> without_message_id(RowId after, std::size_t limit);
  std::vector<std::string> owed_on(RowId row);  ///< sinks that still owe it something
  std::optional<RunRow> run_of(std::int64_t run);

  struct SinkRow {
    std::string id;
    bool complete = false;
    std::uint64_t places = 0, bytes = 0, owed = 0, intents = 0;
  };

  std::vector<SinkRow> sinks();

  /// Copies of one sink after that one, by row; how many there are, and how many stored messages have none.
  std::vector<VerifiedCopy> copies_on(const std::string& sink, RowId row, const std::string& place,
                                      std::size_t limit);
  std::uint64_t count_copies(const std::string& sink);
  std::uint64_t count_lacking(const std::string& sink);

  /// Forgets what lies in a sink, as if it were new. How many places that were.
  std::uint64_t forget_sink(const std::string& sink);

 private:
  std::vector<Row> rows_of(Statement& ids);
  Statement& cached(const char* sql);
  static std::uint64_t count(Statement& query);
  void refuse_if_failed() const;
  void write();
  Row read_row(Statement& from);
  std::vector<Row> read_rows(Statement& from);
  RowId insert_row(const Row& row);
  bool has_a_copy(RowId row);
  void note_come(const Row& row, RowId id);
  void leave_key_behind(Row old);
  void cover(StreamId stream, std::uint64_t group);
  void note_former_key(const Row& row);
  std::vector<Row> rows_of_former_keys(const Row& row);
  void check_format(const std::string& pipeline, bool created);

  Database database_;
  std::map<const char*, std::unique_ptr<Statement>> statements_;
  std::string id_;
  bool looks_only_ = false;
  bool in_transaction_ = false;
  bool has_found_ = false;
};

}  // namespace mailpipe::state
