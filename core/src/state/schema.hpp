#pragma once

namespace mailpipe::state {

/// Format of the ledger file; a ledger of another format is refused with a hint.
inline constexpr int kLedgerFormat = 4;

/// Written to the file's header, so that `file` and we can tell a ledger from any other database.
inline constexpr int kApplicationId = 0x4D50'4C47;  // "MPLG"

inline constexpr const char* kSchema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE runs(run INTEGER PRIMARY KEY, started INTEGER NOT NULL, ended INTEGER, exit_code INTEGER, summary);
CREATE TABLE streams(id INTEGER PRIMARY KEY, name NOT NULL UNIQUE, label NOT NULL, cursor NOT NULL DEFAULT '');
CREATE TABLE mailboxes(stream INTEGER NOT NULL, id NOT NULL, path NOT NULL, role NOT NULL, PRIMARY KEY(stream, id))
  WITHOUT ROWID;

-- Paths of mailboxes that the server had and has no longer; a sink that mirrors removes its own empty folders.
CREATE TABLE left_mailboxes(path NOT NULL PRIMARY KEY) WITHOUT ROWID;

-- One row a message, with all that a later run needs to fetch, match (rekey) and place it again.
CREATE TABLE rows(
  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, state INTEGER NOT NULL,
  key NOT NULL UNIQUE, server_id NOT NULL, ref NOT NULL, size INTEGER, received_at INTEGER,
  places NOT NULL, keywords NOT NULL, attributes NOT NULL, initial INTEGER NOT NULL, name NOT NULL,
  digest, header_digest, reason NOT NULL DEFAULT '', due INTEGER, owner NOT NULL DEFAULT '',
  rejudge INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
  seen INTEGER NOT NULL DEFAULT 0, counted INTEGER NOT NULL DEFAULT 0, outcome INTEGER NOT NULL DEFAULT 0);
-- OR, not IN: SQLite takes a partial index only for terms that it finds in the condition as they stand.
CREATE INDEX rows_unsettled ON rows(state, id) WHERE state=1 OR state=5 OR state=6;
CREATE INDEX rows_rejudge ON rows(id) WHERE rejudge = 1;
CREATE INDEX rows_server_id ON rows(server_id) WHERE length(server_id) > 0;
CREATE INDEX rows_dead_size ON rows(size) WHERE state = 7;

-- Duplicates of a message, for when it is no longer stored.
CREATE INDEX rows_owner ON rows(owner) WHERE state = 4;

-- Keys that a row had before its mailbox got another UIDVALIDITY, or its server other ids.
CREATE TABLE former_keys(key NOT NULL PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX former_keys_row ON former_keys(row);

-- 64 bits of a hash of the Message-ID of each message that was read, for those who ask for a message by it.
CREATE TABLE message_ids(row INTEGER PRIMARY KEY, hash INTEGER NOT NULL);
CREATE INDEX message_ids_hash ON message_ids(hash);

-- What changed since the cursor of a stream was written; told_in: before which checkpoint. went = 0: the row came, outside a
-- complete listing; 1: it is gone; 2: the same, and it stands for a key only, since the message's own row lives on under another.
CREATE TABLE uncovered(stream INTEGER NOT NULL, row INTEGER NOT NULL, doubted INTEGER NOT NULL,
  went INTEGER NOT NULL DEFAULT 0, told_in INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(stream, row)) WITHOUT ROWID;

-- Proof that a place of a message is durable on a sink; or that the sink does not want it, or can never have it.
CREATE TABLE receipts(
  row INTEGER NOT NULL, sink NOT NULL, place NOT NULL, location NOT NULL, size INTEGER NOT NULL, digest NOT NULL,
  adopted INTEGER NOT NULL, state INTEGER NOT NULL, keywords NOT NULL, PRIMARY KEY(row, sink, place)) WITHOUT ROWID;
-- In a sink without places two messages may lie in one file.
CREATE INDEX receipts_location ON receipts(sink, location) WHERE length(place) = 0;

-- Rows whose receipts on a sink differ from what the row says: places to add or to take away, keywords to change.
CREATE TABLE owed(sink NOT NULL, row INTEGER NOT NULL, PRIMARY KEY(sink, row)) WITHOUT ROWID;

-- What is being published right now. Open ones after an unclean end are walked by recovery.
CREATE TABLE intents(
  id INTEGER PRIMARY KEY, row INTEGER NOT NULL, sink NOT NULL, place NOT NULL, location NOT NULL, token NOT NULL,
  size INTEGER NOT NULL, digest NOT NULL, header_digest NOT NULL, keywords NOT NULL);
CREATE INDEX intents_row ON intents(row);

-- complete = 0: some stored row may lack its receipt.
CREATE TABLE sinks(id NOT NULL PRIMARY KEY, complete INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE kv(component NOT NULL, name NOT NULL, value NOT NULL, PRIMARY KEY(component, name)) WITHOUT ROWID;

-- Files that a scan found and no row owns yet.
CREATE TABLE found(
  id INTEGER PRIMARY KEY, sink NOT NULL, location NOT NULL, path NOT NULL, size INTEGER NOT NULL, received_at INTEGER,
  digest NOT NULL, ref NOT NULL, original_size INTEGER, original_digest, header_digest);
CREATE INDEX found_ref ON found(ref) WHERE length(ref) > 0;
CREATE INDEX found_size ON found(original_size);
CREATE TABLE found_ids(server_id NOT NULL, found INTEGER NOT NULL, PRIMARY KEY(server_id, found)) WITHOUT ROWID;
)sql";

/// What format 3 has more than format 2.
inline constexpr const char* kFrom2To3 = R"sql(
CREATE INDEX rows_owner ON rows(owner) WHERE state = 4;
CREATE TABLE former_keys(key NOT NULL PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE message_ids(row INTEGER PRIMARY KEY, hash INTEGER NOT NULL);
CREATE INDEX message_ids_hash ON message_ids(hash);
CREATE INDEX intents_row ON intents(row);
CREATE INDEX receipts_location ON receipts(sink, location) WHERE length(place) = 0;
)sql";

/// What format 4 has more than format 3.
inline constexpr const char* kFrom3To4 = R"sql(
ALTER TABLE uncovered ADD COLUMN went INTEGER NOT NULL DEFAULT 0;
ALTER TABLE uncovered ADD COLUMN told_in INTEGER NOT NULL DEFAULT 0;
CREATE INDEX former_keys_row ON former_keys(row);
)sql";

}  // namespace mailpipe::state
