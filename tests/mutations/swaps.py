"""Pairs of steps that scripts/mutations puts into the wrong order: (name, [(file, as it is, as it can be made to be)]).

MUTATED in the new text is true while the mutation is tried. A sync in the text that is only there for the wrong order is
written so that it is no mutation of its own: see hidden().
"""

COMMITTER = "core/src/run/committer.cpp"
OWED = "core/src/run/owed_steps.cpp"
OPENING = "core/src/run/opening.cpp"
APPEND = "plugins/sink-mbox/src/mbox_append.cpp"
FLIGHTS = "core/src/run/flights.cpp"
RECOVER = "plugins/sink-mbox/src/mbox_recover.cpp"
RECOVERY = "core/src/run/recovery.cpp"
RECORD = "plugins/sink-mbox/src/record.cpp"
MARKER = "core/include/mailpipe/root_marker.hpp"
FOLDERS = "plugins/sink-maildir/src/folders_make.cpp"
MAILDIR = "plugins/sink-maildir/src/maildir_sink.cpp"
TRASH = "plugins/lib/file-sink/trash.cpp"
SQLITE = "core/src/state/sqlite.cpp"


def hidden(text):
    for name in ("fdatasync", "fsync", "syncfs", "sync_data", "sync"):
        text = text.replace(name + "(", name + "/**/(")
    return text


def instead(old, new):
    """Statements; `old` stays as it is for the mutations that come after."""
    return f"if (MUTATED) {{\n{hidden(new)}\n}} else {{\n{old}\n}}\n"


def expression(old, new):
    return f"(MUTATED ? {new} : {old})"


def only(new):
    return f"if (MUTATED) {{\n{hidden(new)}\n}}\n"


def without(old):
    return instead(old, "")


INTENTS = "&Committer::write_intents"
RECEIPTS = "&Committer::write_receipts"
AFTER_INTENTS = "  ledger_.commit();\n  publish();\n"
SYNC_DATA = "sink.sync(SyncPhase::Data);"
SYNC_NAMES = "sink.sync(SyncPhase::Names);"
REFUSED = f"    {SYNC_NAMES}\n    return refused;\n"
TO_PUBLISH = "    std::vector<std::optional<Error>> refused(flights.size());\n"
HOLDS_CURSOR = "if (!flight.group) {\n    flight.group = "
REMOVE = """for (const Chunk::Place& place : chunk->places) {
            to.remove(place.receipt, place.how);
          }
"""
REMOVE_SYNC = "          to.sync(SyncPhase::Names);\n"
PLAN = "  record_.save(fs_, files_.own(), true);\n"
BEHIND_PLAN = "}\n\nvoid MboxSink::fit_to"
DONE = "  record_.save(fs_, files_.own(), true);  // before what was staged goes: an open plan needs it\n"
DROPS = """  appended_ = std::exchange(waiting_, {});
  for (const Append& each : std::exchange(published_, {})) {
    stages_->drop(each.token);
  }
  stages_->tidy();
"""
RECORD_SYNC = """  if (const int synced = fs.fdatasync(file.fd()); synced < 0) {
    throw_sync_failure(synced, path);
  }
  file.close();
"""
RECORD_RENAME = """  if (const int renamed = fs.rename(own.fd(), temporary.c_str(), own.fd(), kName); renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
"""
MARKER_SYNC = "  file.sync_data();\n  file.close();\n"
MARKER_RENAME = """  const int renamed = fs.rename(dir.fd(), temporary.c_str(), dir.fd(), kRootMarker);
  if (renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
"""
NOTE = """  if (!foreign && (!note.path || !has_cur)) {  // before there is a cur/, it need not be durable
    write_note(dir, location, path);
  }
"""
MADE = "  return true;\n"
BEHIND_MADE = "}\n\nFile Folders::open_or_make"
KEYWORDS = """  data_->sync();  // with what is staged, and notes of new mailboxes
  folders_->commit_keywords();
"""
TABLES = "  folders_->sync_keywords(*data_);\n"
SCAN = "    scan_sink(lane, ledger);\n    ledger.commit();\n"
MARK = "  lane.do_now([&](Sink& sink) { sink.mark(ours); });\n"
INTO_TRASH = "      at->file.sync();  // before anything is moved there: it would go with the folder\n"
PRAGMAS = '"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA "'
CARRY_OUT = "        carry_out(box, append);\n"
WRITTEN_AGAIN = "      write_append(box.file, append);\n      note_done(append);\n      return;\n"

SYNCED = "{ sink.sync(SyncPhase::Names); }\n    return refused;\n"  # as "names synced before publishing" leaves it
COMMITTED = "  ledger_.commit();\n  committing_ = false;\n"
SYNC_LANES = """for (const auto& lane : lanes_) {
    lane->do_next([](Sink& sink) { sink.sync(SyncPhase::Names); }, [](const std::optional<Error>&) {});
  }
"""
LINK_INTENT = "      if (!link.error) {\n        ledger_.put_intent({.row = step.row.id,\n"
KEYWORD_INTENT = "      if (!lanes_[lane]->part().can.metadata) {\n        ledger_.put_intent("
REMOVAL_INTENT = "      ledger_.put_intent(state::IntentRow::of_removal(place.row), {});\n"
REMOVAL_KNOWN = "    ledger_.commit();  // the mail may be back before the next run, and then nothing is owed\n"
FORGET_COPIES = """for (const Chunk::Place& place : chunk->places) {
      ledger_.remove_receipt(place.row);
      ledger_.remove_intents(place.row.row, sink.part().id);
    }
    ledger_.commit();
"""
ASKED = "  lane.do_now([&](Sink& sink) {\n    for (const state::IntentRow& intent : open) {\n      const Intent question"

SWAPS = [
    ("intents after publishing", [
        (COMMITTER, INTENTS, expression(INTENTS, "&Committer::publish")),
        (COMMITTER, RECEIPTS, expression(RECEIPTS, INTENTS)),
        (COMMITTER, AFTER_INTENTS, instead(AFTER_INTENTS, "ledger_.commit(); write_receipts();")),
    ]),
    ("intents in the transaction of the receipts", [
        (COMMITTER, AFTER_INTENTS, instead(AFTER_INTENTS, "publish();")),
    ]),
    ("cursors before receipts", [
        (FLIGHTS, HOLDS_CURSOR, HOLDS_CURSOR.replace("!flight", "!MUTATED && !flight")),
        (COMMITTER, AFTER_INTENTS, only("replies_.write_cursors();") + AFTER_INTENTS),
    ]),
    ("publishing before the sync of the data", [
        (COMMITTER, SYNC_DATA, f"if (!MUTATED) {{ {SYNC_DATA} }}"),
        (COMMITTER, REFUSED, only(SYNC_DATA) + REFUSED),
    ]),
    ("names synced before publishing", [
        (COMMITTER, TO_PUBLISH, TO_PUBLISH + only(SYNC_NAMES)),
        (COMMITTER, REFUSED, f"    if (!MUTATED) {{ {SYNC_NAMES} }}\n    return refused;\n"),
    ]),
    ("receipts before the names are synced", [
        (COMMITTER, SYNCED, SYNCED.replace("{ sink", "{ if (!MUTATED) sink")),
        (COMMITTER, COMMITTED, COMMITTED + only(SYNC_LANES)),
    ]),
    ("links published without intents", [
        (OWED, LINK_INTENT, LINK_INTENT.replace("!link", "!MUTATED && !link")),
    ]),
    ("keywords changed without intents", [
        (OWED, KEYWORD_INTENT, KEYWORD_INTENT.replace("!lanes_", "!MUTATED && !lanes_")),
    ]),
    ("copies removed without intents", [
        (OWED, REMOVAL_INTENT, without(REMOVAL_INTENT)),
    ]),
    ("receipts gone before the copies are", [
        (OWED, REMOVAL_KNOWN, REMOVAL_KNOWN + only(FORGET_COPIES)),
    ]),
    ("recovery sweeps before it looks", [
        (RECOVERY, ASKED, ASKED.replace("{\n    for", "{\n    " + only("sink.sweep();") + "    for", 1)),
    ]),
    ("names synced before removals", [
        (OWED, REMOVE + REMOVE_SYNC, instead(REMOVE + REMOVE_SYNC, REMOVE_SYNC + REMOVE)),
    ]),
    ("mbox: an append without a plan", [
        (APPEND, PLAN + BEHIND_PLAN, without(PLAN) + BEHIND_PLAN),
    ]),
    ("mbox: what was staged gone before the record is done with it", [
        (APPEND, DONE + DROPS, instead(DONE, "") + DROPS + only(DONE)),
    ]),
    ("mbox: the record in place before it is synced", [
        (RECORD, RECORD_SYNC + RECORD_RENAME, instead(RECORD_SYNC + RECORD_RENAME, RECORD_RENAME + RECORD_SYNC)),
    ]),
    ("mbox: recovery does not carry out what was planned", [
        (RECOVER, CARRY_OUT, without(CARRY_OUT)),
    ]),
    ("mbox: a whole append is not written once more", [
        (RECOVER, WRITTEN_AGAIN, only("note_done(append); return;") + WRITTEN_AGAIN),
    ]),
    ("the marker in place before it is synced", [
        (MARKER, MARKER_SYNC + MARKER_RENAME, instead(MARKER_SYNC + MARKER_RENAME, MARKER_RENAME + MARKER_SYNC)),
    ]),
    ("maildir: cur/ before the note", [
        (FOLDERS, NOTE, without(NOTE)),
        (FOLDERS, MADE + BEHIND_MADE, only(NOTE) + MADE + BEHIND_MADE),
    ]),
    ("maildir: a table of keywords in place before it is synced", [
        (MAILDIR, KEYWORDS, instead(KEYWORDS, "folders_->commit_keywords(); data_->sync();")),
    ]),
    ("maildir: names with letters before the table that tells of them is durable", [
        (MAILDIR, TABLES, without(TABLES)),
    ]),
    ("trash: a folder synced after the move into it", [
        (TRASH, INTO_TRASH, instead(INTO_TRASH, "at->changed = true;")),
    ]),
    ("rebuild: the marker before what the scan found", [
        (OPENING, SCAN, only(MARK + SCAN + "return;") + SCAN),
    ]),
    ("the ledger's commits unsynced", [
        (SQLITE, PRAGMAS, PRAGMAS.replace("FULL", '" + std::string(MUTATED ? "NORMAL" : "FULL") + "')),
    ]),
    ("a new ledger without a journal", [
        (SQLITE, PRAGMAS[:26], 'std::string(MUTATED ? "PRAGMA journal_mode=MEMORY;" : "") + ' + PRAGMAS[:26]),
    ]),
]
