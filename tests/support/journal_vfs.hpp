#pragma once

#include "support/disk_journal.hpp"

namespace mailpipe::test {

/// While it lives, SQLite writes down in the journal what it does to its files there, as CrashFs does: pages, the
/// write-ahead log, syncs. The shared memory beside the log is no part of it: a power cut takes it.
///
/// Life cycle  One at a time; no database that was opened meanwhile may outlive it.
class JournalVfs {
 public:
  explicit JournalVfs(DiskJournal& journal);
  ~JournalVfs();
  JournalVfs(const JournalVfs&) = delete;
  JournalVfs& operator=(const JournalVfs&) = delete;
};

}  // namespace mailpipe::test
