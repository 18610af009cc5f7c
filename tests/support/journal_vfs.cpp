#include "support/journal_vfs.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstring>
#include <string>

namespace mailpipe::test {
namespace {

using Kind = Change::Kind;

DiskJournal* the_journal = nullptr;  // SQLite has one default VFS, too

/// What SQLite allocates for each file: ours, and behind it the real one.
struct JournalFile {
  sqlite3_file base;
  sqlite3_file* real;
  Node node;
  Node
      folder_to_sync;  ///< the real VFS syncs the folder of a new log or journal with the first sync
};

JournalFile& ours(sqlite3_file* file) {
  return *reinterpret_cast<JournalFile*>(file);  // NOLINT: SQLite's way of inheritance
}

sqlite3_file* real(sqlite3_file* file) {
  return ours(file).real;
}

sqlite3_vfs* system_vfs() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
  return vfs;
}

int close_file(sqlite3_file* file) {
  return real(file)->pMethods->xClose(real(file));
}

int read_file(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), to, n, at);
}

int write_file(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  const auto lock = the_journal->lock();
  const int code = real(file)->pMethods->xWrite(real(file), from, n, at);
  if (code == SQLITE_OK && ours(file).node != 0) {
    the_journal->write(ours(file).node, static_cast<std::uint64_t>(at),
                       {static_cast<const char*>(from), static_cast<std::size_t>(n)});
  }
  return code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const auto lock = the_journal->lock();
  const int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK && ours(file).node != 0) {
    the_journal->note({.kind = Kind::Truncate,
                       .node = ours(file).node,
                       .offset = static_cast<std::uint64_t>(size)});
  }
  return code;
}

int sync_file(sqlite3_file* file, int flags) {
  const auto lock = the_journal->lock();
  const int code = real(file)->pMethods->xSync(real(file), flags);
  JournalFile& mine = ours(file);
  if (code == SQLITE_OK && mine.node != 0) {
    the_journal->note({.kind = Kind::SyncData, .node = mine.node});
    if (mine.folder_to_sync != 0) {
      the_journal->note({.kind = Kind::SyncNames, .node = mine.folder_to_sync});
      mine.folder_to_sync = 0;
    }
  }
  return code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}

int lock_file(sqlite3_file* file, int how) {
  return real(file)->pMethods->xLock(real(file), how);
}

int unlock_file(sqlite3_file* file, int how) {
  return real(file)->pMethods->xUnlock(real(file), how);
}

int check_lock(sqlite3_file* file, int* out) {
  return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

int control(sqlite3_file* file, int op, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}

int sector_size(sqlite3_file* file) {
  return real(file)->pMethods->xSectorSize(real(file));
}

int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

int shm_map(sqlite3_file* file, int page, int size, int extend, volatile void** out) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

void shm_barrier(sqlite3_file* file) {
  real(file)->pMethods->xShmBarrier(real(file));
}

int shm_unmap(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

/// Version 2: without memory-mapped pages, which would be written behind our back.
const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file, truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control,    sector_size,   characteristics, shm_map,
    shm_lock,  shm_barrier, shm_unmap,  nullptr,    nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  JournalFile& mine = ours(file);
  mine = {};
  mine.real = reinterpret_cast<sqlite3_file*>(&mine + 1);  // NOLINT: as SQLite's own shims do
  const auto lock = the_journal->lock();

  struct stat info {};

  const bool there = name != nullptr && ::stat(name, &info) == 0;
  const int code = system_vfs()->xOpen(system_vfs(), name, mine.real, flags, out_flags);
  if (mine.real->pMethods == nullptr) {
    return code;
  }
  file->pMethods = &kMethods;
  if (code == SQLITE_OK && name != nullptr) {
    const DiskJournal::Slot slot = the_journal->slot(AT_FDCWD, name);
    mine.node =
        there ? the_journal->node_at(AT_FDCWD, name) : the_journal->created(slot, AT_FDCWD, name);
    const bool log = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    mine.folder_to_sync = log && (flags & SQLITE_OPEN_CREATE) != 0 ? slot.folder : 0;
  }
  return code;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  const auto lock = the_journal->lock();
  const Node node = the_journal->node_at(AT_FDCWD, name);
  const int code = system_vfs()->xDelete(system_vfs(), name, sync_folder);
  if (code == SQLITE_OK && node != 0) {
    const DiskJournal::Slot slot = the_journal->slot(AT_FDCWD, name);
    the_journal->note(
        {.kind = Kind::Unname, .node = node, .folder = slot.folder, .name = slot.name});
    if (sync_folder != 0) {
      the_journal->note({.kind = Kind::SyncNames, .node = slot.folder});
    }
  }
  return code;
}

sqlite3_vfs& journal_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs out = *system_vfs();  // all but these three as it is
    out.pNext = nullptr;
    out.zName = "mailpipe-journal";
    out.szOsFile += static_cast<int>(sizeof(JournalFile));
    out.xOpen = open_file;
    out.xDelete = delete_file;
    return out;
  }();
  return vfs;
}

}  // namespace

JournalVfs::JournalVfs(DiskJournal& journal) {
  sqlite3_initialize();
  the_journal = &journal;
  sqlite3_vfs_register(&journal_vfs(), 1);
}

JournalVfs::~JournalVfs() {
  sqlite3_vfs_register(system_vfs(), 1);
  sqlite3_vfs_unregister(&journal_vfs());
  the_journal = nullptr;
}

}  // namespace mailpipe::test
