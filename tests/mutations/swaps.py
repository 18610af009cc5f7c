"""Pairs of steps that scripts/mutations puts into the wrong order: (name, [(file, as it is, as it must not be)])."""

COMMITTER = "core/src/run/committer.cpp"
OWED = "core/src/run/owed_steps.cpp"
OPENING = "core/src/run/opening.cpp"
APPEND = "plugins/sink-mbox/src/mbox_append.cpp"
RECORD = "plugins/sink-mbox/src/record.cpp"
MARKER = "core/include/mailpipe/root_marker.hpp"
FOLDERS = "plugins/sink-maildir/src/folders_make.cpp"
MAILDIR = "plugins/sink-maildir/src/maildir_sink.cpp"
TRASH = "plugins/lib/file-sink/trash.cpp"

SAVE_PLAN = "  record_.save(fs_, files_.own(), true);\n}\n\nvoid MboxSink::fit_to"
RECORD_SYNC = """  if (const int synced = fs.fdatasync(file.fd()); synced < 0) {
    throw_sync_failure(synced, path);
  }
  file.close();
"""
RECORD_RENAME = """  if (const int renamed = fs.rename(own.fd(), temporary.c_str(), own.fd(), kName); renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
"""
MARKER_RENAME = """  const int renamed = fs.rename(dir.fd(), temporary.c_str(), dir.fd(), kRootMarker);
  if (renamed < 0) {
    throw_errno(renamed, "cannot rename", path);
  }
"""
NOTE = """  if (!foreign && !note.path) {
    write_note(dir, location, path);
  }
"""
PUBLISH_ALL = """    for (std::size_t i = 0; i < flights.size(); ++i) {
      try {
        sink.publish("""

SWAPS = [
    ("intents after publishing", [
        (COMMITTER, "&Committer::write_intents", "&Committer::publish"),
        (COMMITTER, "  ledger_.commit();\n  publish();\n", "  ledger_.commit();\n  write_receipts();\n"),
        (COMMITTER, "  one_answered(&Committer::write_receipts);\n}\n\nvoid Committer::publish_on",
         "  one_answered(&Committer::write_intents);\n}\n\nvoid Committer::publish_on"),
        (COMMITTER, "        one_answered(&Committer::write_receipts);", "        one_answered(&Committer::write_intents);"),
    ]),
    ("intents in the transaction of the receipts", [
        (COMMITTER, "  ledger_.commit();\n  publish();\n", "  publish();\n"),
    ]),
    ("cursors before receipts", [
        (COMMITTER, "  ledger_.commit();\n  publish();\n", "  replies_.write_cursors();\n  ledger_.commit();\n  publish();\n"),
    ]),
    ("publishing before the sync of the data", [
        (COMMITTER, "[](Sink& sink) { sink.sync(SyncPhase::Data); }", "[](Sink&) {}"),
        (COMMITTER, "    sink.sync(SyncPhase::Names);\n    return refused;",
         "    sink.sync(SyncPhase::Data);\n    sink.sync(SyncPhase::Names);\n    return refused;"),
    ]),
    ("names synced before publishing", [
        (COMMITTER, PUBLISH_ALL, "    sink.sync(SyncPhase::Names);\n" + PUBLISH_ALL),
        (COMMITTER, "    sink.sync(SyncPhase::Names);\n    return refused;", "    return refused;"),
    ]),
    ("names synced before removals", [
        (OWED, "          for (const Chunk::Place& place : chunk->places) {\n            to.remove(place.receipt, place.how);\n          }\n          to.sync(SyncPhase::Names);",
         "          to.sync(SyncPhase::Names);\n          for (const Chunk::Place& place : chunk->places) {\n            to.remove(place.receipt, place.how);\n          }"),
    ]),
    ("mbox: the plan after the append", [
        (APPEND, SAVE_PLAN, "}\n\nvoid MboxSink::fit_to"),
    ]),
    ("mbox: staging gone before the record says that it is done", [
        (APPEND, "  record_.save(fs_, files_.own(), true);  // before what was staged goes: an open plan needs it\n", ""),
        (APPEND, "  stages_->tidy();\n}", "  stages_->tidy();\n  record_.save(fs_, files_.own(), true);\n}"),
    ]),
    ("mbox: the record in place before it is synced", [
        (RECORD, RECORD_SYNC + RECORD_RENAME, RECORD_RENAME + RECORD_SYNC),
    ]),
    ("the marker in place before it is synced", [
        (MARKER, "  file.sync_data();\n  file.close();\n" + MARKER_RENAME, MARKER_RENAME + "  file.sync_data();\n  file.close();\n"),
    ]),
    ("maildir: cur/ before the note", [
        (FOLDERS, NOTE, ""),
        (FOLDERS, "  return true;\n}\n\nFile Folders::open_or_make", NOTE + "  return true;\n}\n\nFile Folders::open_or_make"),
    ]),
    ("maildir: a table of keywords in place before it is synced", [
        (MAILDIR, "  data_->sync();  // with what is staged, and notes of new mailboxes\n  folders_->commit_keywords();\n",
         "  folders_->commit_keywords();\n  data_->sync();\n"),
    ]),
    ("trash: a folder synced after the move into it", [
        (TRASH, "      at->file.sync();", "      at->changed = true;"),
    ]),
    ("rebuild: the marker before what the scan found", [
        (OPENING, "    scan_sink(lane, ledger);\n    ledger.commit();\n  }\n  lane.do_now([&](Sink& sink) { sink.mark(ours); });",
         "    lane.do_now([&](Sink& sink) { sink.mark(ours); });\n    scan_sink(lane, ledger);\n    ledger.commit();\n    return;\n  }\n  lane.do_now([&](Sink& sink) { sink.mark(ours); });"),
    ]),
    ("the ledger's commits unsynced", [
        ("core/src/state/sqlite.cpp", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"),
    ]),
    ("a new ledger without a journal", [
        ("core/src/state/sqlite.cpp", '      "PRAGMA journal_mode=WAL; ', '      "PRAGMA journal_mode=MEMORY; PRAGMA journal_mode=WAL; '),
    ]),
]
