/* mailpipe/plugin.h: the boundary between the engine and a plugin, in C.
 * One file, and long: an author in another language binds this one and nothing else.
 *
 * A C++ author includes <mailpipe/plugin.hpp> instead and never sees these tables. A plugin in
 * another language fills them by hand. The engine knows no protocol and no format; a plugin knows
 * no engine: this file is all they share.
 *
 * Order of calls  mailpipe_plugin_v1() once; create() per component used; then the component's own
 *                 slots; destroy(). A plugin is never unloaded.
 * Threads         Each slot says which thread calls it: [main] the thread that loads and creates,
 *                 never two at once; [list] one thread per source; [fetch] up to
 *                 mp_source_vt.fetch_threads() threads at once, beside [list]; [engine] one thread,
 *                 all filters; [sink] one thread per sink; [any] any thread, at any time between
 *                 create() and destroy().
 * Ownership       Who allocates frees; nothing is freed across the boundary. Views that go in live
 *                 for the length of the call. Views that come out live until the next call on the
 *                 same instance.
 * Text            UTF-8 unless a field says "raw". Never NUL-terminated: mp_str carries its length.
 * Numbers         Octets are uint64_t. Instants are int64_t seconds since 1970-01-01T00:00:00Z.
 *                 MP_NO_TIME, MP_NO_SIZE say "unknown".
 * Errors          A slot returns MP_OK or a negative class and describes it in the mp_error. The
 *                 class decides what the engine does (see the table in ARCHITECTURE.md); the text is
 *                 for people. A slot never throws, exits, changes signal handlers, locale or working
 *                 directory.
 * Growth          Structs that begin with struct_size grow at the tail only (a new minor), and are
 *                 read no further than it says; for the same reason none of them stands inside
 *                 another. What stands in arrays (mp_str, mp_pair, mp_mailbox, mp_placed, mp_cursor,
 *                 mp_work) never grows: what is new comes as an array of its own at the tail of what
 *                 holds it, or through a new slot. A host loads plugins of its own minor and of
 *                 older ones, never of newer ones: so a plugin may count on all that its header
 *                 says, and the host on nothing above the plugin's minor. Anything else is a new
 *                 major, which is part of the entry point's name. tests/abi holds us to it.
 */
/* clang-format off */
/* A slot and its remark share a line, as in a table. */
#ifndef MAILPIPE_PLUGIN_H
#define MAILPIPE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MP_NOEXCEPT noexcept /* part of the type: a slot that may throw does not compile */
extern "C" {
#else
#define MP_NOEXCEPT
#endif

#define MP_ABI_MAJOR 1u
#define MP_ABI_MINOR 0u

typedef struct mp_str {
  const char* p;
  size_t n;
} mp_str;

typedef struct mp_pair {
  mp_str name, value;
} mp_pair;

/* Result of every slot. Fixed width; never an enum in the ABI. */
typedef int32_t mp_status;

enum {
  MP_OK = 0,
  MP_END = 1,            /* take(): no more work will come */
  MP_EMPTY = 2,          /* take() with MP_TAKE_NO_WAIT: nothing right now */
  MP_NOT_FOUND = 3,      /* kv_get(): no such name; fs reads: nothing there */
  MP_E_TRANSIENT = -1,   /* may pass: back off with jitter, then give up for this run (exit 75) */
  MP_E_RATE_LIMIT = -2,  /* wait what the server says; shared by the whole source, not an attempt */
  MP_E_AUTH = -3,        /* stop at once (exit 4) */
  MP_E_CONFIG = -4,      /* stop at once (exit 2) */
  MP_E_ITEM = -5,        /* this message only: three tries, then quarantine (exit 3 at the end) */
  MP_E_PERMANENT = -6,   /* stop (exit 1) */
  MP_E_CANCELLED = -7,   /* the engine asked to stop */
  MP_E_CURSOR_LOST = -8, /* list() only: call it again without cursors, for a complete listing */
  MP_E_NO_SPACE = -9,    /* commit what is complete, then stop (exit 6) */
  MP_E_INTERNAL = -99    /* a bug in the plugin: stop (exit 1) and name the plugin */
};

#define MP_NO_TIME INT64_MIN
#define MP_NO_SIZE UINT64_MAX

/* What a failure was, in words. The caller's memory: it sets struct_size and zeroes the rest; the
 * callee fills it before it returns a negative status, and leaves it alone otherwise. Text is
 * UTF-8, NUL-terminated, cut when too long. */
typedef struct mp_error {
  uint32_t struct_size, details_size;
  uint64_t retry_after_ms; /* what the server asked us to wait, or 0 */
  char what[1024];    /* one line for people, naming the server, mailbox or file; never a secret or
                         message text */
  char hint[512];     /* what the user can do about it, or empty */
  char details[1024]; /* details_size octets of name NUL value NUL ..., for machines */
} mp_error;

typedef struct mp_emitter mp_emitter; /* host-owned, opaque: where list() reports to */
typedef struct mp_queue
    mp_queue; /* host-owned, opaque: where fetch() takes work from and delivers to */
typedef struct mp_writer mp_writer;       /* host-owned, opaque: one body on its way in */
typedef struct mp_found_out mp_found_out; /* host-owned, opaque: where scan() reports to */
typedef struct mp_read_out mp_read_out;   /* host-owned, opaque: where read() delivers to */

typedef void (*mp_str_cb)(void* user, mp_str value) MP_NOEXCEPT;

/* ------------------------------------------------------------------------------------------------
 * values */

/* A mailbox (RFC 3501 section 5.1, RFC 8621 section 2). */
typedef struct mp_mailbox {
  uint32_t struct_size, path_count;
  mp_str id; /* from a source: its identity of it, e.g. a JMAP mailboxId, kept through renames.
                To a sink: the identity of the path; another path, another place */
  const mp_str*
      path;    /* decoded components from the root, e.g. {"Lists","dev"}; path_count of them */
  mp_str role; /* RFC 8621 role in lower case ("inbox", "sent", ...), or empty */
} mp_mailbox;

/* One message as the source lists it; no body yet. */
typedef struct mp_item {
  uint32_t struct_size, flags; /* MP_ITEM_* */
  mp_str key;                  /* identity for ever, e.g. "jmap:<account>:<emailId>",
                                  "imap:<stream>:<uidvalidity>:<uid>" */
  uint64_t stream;             /* from mp_emitter_vt.stream or mp_cursor.stream */
  mp_str server_id; /* tells without a download that two items are one message (RFC 8474 EMAILID,
                       JMAP id), or empty */
  mp_str ref; /* what fetch() needs to find it again, even in a later run (a JMAP blobId); opaque to
                 the engine */
  uint64_t size;       /* octets as announced, or MP_NO_SIZE */
  int64_t received_at; /* INTERNALDATE / receivedAt, or MP_NO_TIME */
  const mp_mailbox*
      places; /* the mailboxes it is in. From a source only .id counts; the host knows the rest */
  const mp_str* keywords;    /* RFC 8621 keywords in lower case: "$seen", "$flagged", ..., and user
                                keywords as they are */
  const mp_pair* attributes; /* anything else worth keeping, e.g. {"gm-labels", ...} */
  uint32_t place_count, keyword_count, attribute_count, reserved;
  mp_str name; /* sinks with free names: a filter's choice of name, or empty */
} mp_item;

enum {
  MP_ITEM_INITIAL =
      1 /* listed by the pipeline's first complete listing, or by one under a new UIDVALIDITY */
};

/* The octets of a message, or of its header section when header_only. In memory, or in a file. */
typedef struct mp_body {
  uint32_t struct_size, header_only;
  const void* data; /* the octets, or NULL: then pread(fd, ..., offset) */
  int32_t fd, reserved;
  uint64_t offset, size;
  uint8_t sha256[32]; /* of the octets as the server sent them */
} mp_body;

/* One mailbox of a message in a sink, and where it lies. */
typedef struct mp_placed {
  mp_str place;    /* mailbox id, or empty for a sink without places */
  mp_str location; /* relative to the sink's root, raw octets; verify and restore start here */
} mp_placed;

/* What a sink has staged: complete, not visible yet. */
typedef struct mp_staged {
  uint32_t struct_size, placed_count;
  mp_str
      token; /* the sink's own name of its staging; kept with the intent, given back to recover() */
  const mp_placed* placed;
} mp_staged;

/* Proof that one place of a message is on disk. */
typedef struct mp_receipt {
  uint32_t struct_size, keyword_count;
  mp_str key, place, location;
  uint64_t size;
  uint8_t sha256[32];
  const mp_str* keywords; /* as the sink was last given them; what differs, the server changed */
} mp_receipt;

/* ----------------------------------------------------------------------------------------------
 * the host */

typedef struct mp_stat {
  uint32_t struct_size, mode; /* st_mode */
  uint64_t device, inode, size, links;
  int64_t mtime;
  uint32_t uid, gid;
} mp_stat;

/* File operations. Everything that a sink does to files goes through here, so that a test can drop
 * whatever was never synced. Descriptors are the operating system's. All return >= 0, or -errno.
 * [any] */
typedef struct mp_fs {
  uint32_t struct_size, reserved;
  void* ctx;
  int32_t (*openat)(void*, int32_t dir, const char* path, int32_t flags, uint32_t mode) MP_NOEXCEPT;
  int32_t (*close)(void*, int32_t fd) MP_NOEXCEPT;
  int32_t (*mkdirat)(void*, int32_t dir, const char* path, uint32_t mode) MP_NOEXCEPT;
  int64_t (*write)(void*, int32_t fd, const void* data, uint64_t n) MP_NOEXCEPT; /* may be short */
  int64_t (*pwrite)(void*, int32_t fd, const void* data, uint64_t n, uint64_t offset) MP_NOEXCEPT;
  int64_t (*pread)(void*, int32_t fd, void* data, uint64_t n, uint64_t offset) MP_NOEXCEPT;
  int32_t (*fdatasync)(void*, int32_t fd) MP_NOEXCEPT;
  int32_t (*fsync)(void*, int32_t fd) MP_NOEXCEPT;  /* of a directory: its names */
  int32_t (*syncfs)(void*, int32_t fd) MP_NOEXCEPT; /* the whole file system that fd is on */
  int32_t (*rename_noreplace)(void*, int32_t from_dir, const char* from, int32_t to_dir,
                              const char* to) MP_NOEXCEPT;
  int32_t (*rename)(void*, int32_t from_dir, const char* from, int32_t to_dir,
                    const char* to) MP_NOEXCEPT;
  int32_t (*linkat)(void*, int32_t from_dir, const char* from, int32_t to_dir,
                    const char* to) MP_NOEXCEPT;
  int32_t (*unlinkat)(void*, int32_t dir, const char* path, int32_t flags) MP_NOEXCEPT;
  int32_t (*ftruncate)(void*, int32_t fd, uint64_t size) MP_NOEXCEPT;
  int32_t (*set_mtime)(void*, int32_t fd, int64_t seconds) MP_NOEXCEPT; /* atime untouched */
  int32_t (*stat)(void*, int32_t dir, const char* path,
                  mp_stat* out) MP_NOEXCEPT; /* never follows; "" = dir itself */
  int32_t (*list)(void*, int32_t dir, mp_str_cb name,
                  void* user) MP_NOEXCEPT; /* without "." and ".."; no order */
} mp_fs;

enum { MP_LOG_DEBUG = 0, MP_LOG_INFO = 1, MP_LOG_WARN = 2, MP_LOG_ERROR = 3 };

enum { MP_RUNNING = 0, MP_DRAIN = 1, MP_ABORT = 2 };

/* What the engine offers to one component; valid from create() until destroy() returns. */
typedef struct mp_host {
  uint32_t struct_size, abi_major, abi_minor, reserved;
  void* ctx;
  const mp_fs* fs;
  /* [any] One line for people; foreign text in it is made printable by the host. fields: more
   * facts, for machines. */
  void (*log)(const struct mp_host*, int32_t level, mp_str message, const mp_pair* fields,
              size_t count) MP_NOEXCEPT;
  /* [any] Adds to a named counter of this component, e.g. "http_requests"; shown in the report. */
  void (*counter)(const struct mp_host*, mp_str name, uint64_t add) MP_NOEXCEPT;
  /* [any] MP_RUNNING, MP_DRAIN (finish what is in flight) or MP_ABORT (stop at once). */
  int32_t (*cancelled)(const struct mp_host*) MP_NOEXCEPT;
  /* [any] A descriptor that polls readable from MP_ABORT on. The host's; never read from or close
   * it. */
  int32_t (*cancel_fd)(const struct mp_host*) MP_NOEXCEPT;
  /* [any] Sleeps; MP_E_CANCELLED as soon as the run is to drain or abort. A plugin never sleeps by
   * itself. */
  mp_status (*wait_ms)(const struct mp_host*, uint64_t ms) MP_NOEXCEPT;
  /* [any] Seconds since the epoch; one instant for a whole run. */
  int64_t (*run_time)(const struct mp_host*) MP_NOEXCEPT;
  /* [any] The secret that an option refers to (JSON pointer into the options, e.g. "/token").
   * refresh != 0 runs a $command or reads a $file again, as when a token has expired. Fails with
   * MP_E_AUTH / MP_E_CONFIG. */
  mp_status (*secret)(const struct mp_host*, mp_str pointer, int32_t refresh, mp_str_cb, void* user,
                      mp_error*) MP_NOEXCEPT;
  /* [engine] A filter's own durable values; written in the same ledger transaction as what they
   * belong to. */
  mp_status (*kv_get)(const struct mp_host*, mp_str name, mp_str_cb, void* user) MP_NOEXCEPT;
  mp_status (*kv_put)(const struct mp_host*, mp_str name, mp_str value) MP_NOEXCEPT;
  /* [engine] Whether the message that was once listed under `key` is stored, or on its way to the sinks: `now` is given
   * its key of today (a server that ends a UIDVALIDITY changes keys). MP_NOT_FOUND: it is not, or no longer. */
  mp_status (*kept)(const struct mp_host*, mp_str key, mp_str_cb now, void* user) MP_NOEXCEPT;
} mp_host;

/* ------------------------------------------------------------------------------------------------
 * source */

/* Where a stream's last run ended. A stream is what has a cursor of its own: a JMAP account, an
 * IMAP mailbox. */
typedef struct mp_cursor {
  uint32_t struct_size, reserved;
  uint64_t stream;
  mp_str name;   /* as the source named it */
  mp_str cursor; /* JSON as the source wrote it at its last checkpoint; empty: no listing was ever
                    completed */
} mp_cursor;

enum {
  MP_EV_LISTED = 1,           /* item: it is there (new or already known) */
  MP_EV_CHANGED = 2,          /* item: its places, keywords or attributes changed */
  MP_EV_REMOVED = 3,          /* key: the server says that it was removed */
  MP_EV_GONE = 4,             /* key: announced as new, but vanished before it could be read */
  MP_EV_KEYWORDS = 5,         /* item: its keywords are these now; only key and keywords count */
  MP_EV_MAILBOX = 10,         /* mailbox: it is there (new, changed or renamed: same id) */
  MP_EV_MAILBOX_REMOVED = 11, /* mailbox: id only */
  MP_EV_LISTING_BEGIN = 20,   /* what follows, up to LISTING_END, is all that the stream holds */
  MP_EV_LISTING_END = 21,     /* what it did not list is gone; mailboxes too, if it named any */
  MP_EV_CHECKPOINT = 30, /* cursor: all before this was told; stored once all of it is settled */
  MP_EV_ESTIMATE =
      40 /* count: about so many items will be listed in this stream; for progress only */
};

typedef struct mp_event {
  uint32_t struct_size, kind; /* MP_EV_* */
  uint64_t stream;
  const mp_item* item;
  const mp_mailbox* mailbox;
  mp_str key, cursor;
  uint64_t count;
} mp_event;

typedef struct mp_emitter_vt {
  uint32_t struct_size, reserved;
  /* [list] The stream of that name, made when new. label: for people ("ann@example.org", "INBOX").
   */
  mp_status (*stream)(mp_emitter*, mp_str name, mp_str label, uint64_t* out) MP_NOEXCEPT;
  /* [list] Takes a copy. Blocks while the engine is busy. MP_E_CANCELLED: return from list() with
   * that. */
  mp_status (*emit)(mp_emitter*, const mp_event*) MP_NOEXCEPT;
} mp_emitter_vt;

enum { MP_WANT_HEADERS = 1, MP_WANT_BODY = 2 };

enum { MP_TAKE_NO_WAIT = 1, MP_TAKE_SAME_STREAM = 2 };

/* One message to fetch. Valid until it is finished, failed or gone. */
typedef struct mp_work {
  uint32_t struct_size, want; /* MP_WANT_* */
  uint64_t token, stream, size;
  mp_str key, ref, server_id;
} mp_work;

typedef struct mp_queue_vt {
  uint32_t struct_size, reserved;
  /* [fetch] Hands out up to max_items works, of about max_bytes together (always at least one), as
   * out[0..*count). MP_TAKE_SAME_STREAM: all of one stream. Waits until there is work (unless
   * MP_TAKE_NO_WAIT: MP_EMPTY) and room for its bodies; MP_END: none will come. Every work taken
   * must end in exactly one of done, fail, gone; as long as one has not, MP_E_INTERNAL in place of
   * waiting. */
  mp_status (*take)(mp_queue*, uint32_t max_items, uint64_t max_bytes, uint32_t flags,
                    const mp_work** out, uint32_t* count) MP_NOEXCEPT;
  /* [fetch] Readable while take() would return at once. For poll(); never read from or close it. */
  int32_t (*wake_fd)(mp_queue*) MP_NOEXCEPT;
  /* [fetch] Opens the body of a work. Many may be open on one thread. NULL on MP_E_NO_SPACE and the
   * like. */
  mp_status (*open)(mp_queue*, uint64_t token, mp_writer**, mp_error*) MP_NOEXCEPT;
  /* [fetch] Never waits for memory. */
  mp_status (*write)(mp_writer*, const void* data, uint64_t n, mp_error*) MP_NOEXCEPT;
  /* [fetch] The body is complete. The writer is gone after the call, whatever it returns. */
  mp_status (*done)(mp_writer*, mp_error*) MP_NOEXCEPT;
  /* [fetch] Gives up a half-written body, before fail() or gone(), or before it is opened again. */
  void (*abandon)(mp_writer*) MP_NOEXCEPT;
  /* [fetch] The work failed; the class decides whether it comes again. */
  void (*fail)(mp_queue*, uint64_t token, mp_status, const mp_error*) MP_NOEXCEPT;
  /* [fetch] The server confirmed that the message is no longer there. */
  void (*gone)(mp_queue*, uint64_t token) MP_NOEXCEPT;
} mp_queue_vt;

typedef struct mp_source_vt {
  uint32_t struct_size, reserved;
  /* [main] How many threads may run fetch() at once; 1 to 256. */
  uint32_t (*fetch_threads)(void* self) MP_NOEXCEPT;
  /* [main] Logs in and reads capabilities. No side effects. */
  mp_status (*check)(void* self, mp_error*) MP_NOEXCEPT;
  /* [list] Tells what is there, or what changed since the cursors. Called again after
   * MP_E_TRANSIENT and MP_E_RATE_LIMIT, with the cursors as they are by then; after
   * MP_E_CURSOR_LOST with none. After MP_E_PERMANENT what was told is still
   * stored. */
  mp_status (*list)(void* self, const mp_cursor* cursors, size_t count, mp_emitter*,
                    const mp_emitter_vt*, mp_error*) MP_NOEXCEPT;
  /* [fetch] Takes work until MP_END. Works still taken when it returns are handed out again. */
  mp_status (*fetch)(void* self, mp_queue*, const mp_queue_vt*, mp_error*) MP_NOEXCEPT;
} mp_source_vt;

/* ------------------------------------------------------------------------------------------------
 * filter */

enum { MP_NEED_METADATA = 0, MP_NEED_HEADERS = 1, MP_NEED_BODY = 2 };

enum { MP_KEEP = 0, MP_DROP = 1, MP_HOLD = 2, MP_DUPLICATE = 3 };

typedef struct mp_verdict {
  uint32_t struct_size, kind; /* MP_KEEP ... */
  mp_str reason;              /* drop: a short stable word for counting, e.g. "before-first-run" */
  int64_t hold_until;         /* hold */
  mp_str owner;               /* duplicate: the key of the message that it duplicates, one that mp_host.kept() knows.
                                 It stands while that one is stored; after that the item is judged again */
  uint64_t token;             /* nonzero: settle() is called with it */
  mp_str name;                /* keep: a name for sinks with free names, or empty */
  const mp_mailbox* places;   /* keep: other places, or NULL for those of the item */
  uint32_t place_count;
  uint32_t link;              /* duplicate: not 0: its places are added to the stored message; else it is left out */
} mp_verdict;

typedef struct mp_filter_vt {
  uint32_t struct_size, reserved;
  /* [main] MP_NEED_*: no more is fetched than that. */
  uint32_t (*needs)(void* self) MP_NOEXCEPT;
  /* [engine] body: NULL when needs is MP_NEED_METADATA. A filter with the capability "places" is also asked with NULL when
   * the places of a stored message are worked out again: then only they count. out is preset to keep. */
  mp_status (*judge)(void* self, const mp_item*, const mp_body* body, mp_verdict* out,
                     mp_error*) MP_NOEXCEPT;
  /* [engine] What judge() gave a token for is durable on every required sink, or came to nothing.
   * May be NULL. */
  mp_status (*settle)(void* self, uint64_t token, int32_t durable, mp_error*) MP_NOEXCEPT;
} mp_filter_vt;

/* --------------------------------------------------------------------------------------------------
 * sink */

enum { MP_SYNC_DATA = 1, MP_SYNC_NAMES = 2 };

enum { MP_REMOVE_TRASH = 1, MP_REMOVE_DELETE = 2 };

enum { MP_MAILBOX_CREATE = 1, MP_MAILBOX_REMOVE = 2 };

/* An open intent of a run that did not end cleanly. */
typedef struct mp_intent {
  uint32_t struct_size, reserved;
  const mp_receipt* receipt; /* what was to become true */
  mp_str token;       /* mp_staged.token */
} mp_intent;

/* A file that lies in the sink, as scan() finds it. */
typedef struct mp_found {
  uint32_t struct_size, id_count;
  mp_str location;
  mp_str ref; /* the mp_item.ref that another tool's records give it, or empty */
  uint64_t size;
  int64_t received_at; /* as far as the name or the file tells, or MP_NO_TIME */
  uint8_t sha256[32];  /* of the file as it lies */
  const mp_str*
      server_ids;     /* ids that the name may stand for; the engine takes the one that exists */
  const mp_str* path; /* of its mailbox, decoded; none for a sink without places */
  uint32_t path_count, has_original;
  /* If has_original: the octets as the server sent them, undone from what another tool made of
   * them. Else the file is as it lies, and its header is not known. */
  uint64_t original_size;
  uint8_t original_sha256[32], original_header_sha256[32];
} mp_found;

typedef struct mp_sink_vt {
  uint32_t struct_size, reserved;
  /* [sink] Creates or checks the destination. read_only != 0: only looks (check, verify, dry run).
   */
  mp_status (*open)(void* self, int32_t read_only, mp_error*) MP_NOEXCEPT;
  /* [sink] After open(). marker: called with the text that mark() last wrote into the root, if there is one.
   * *empty = 1 when no message lies there, whoever wrote it; asked only when there is no marker, so that a root with one
   * need not be read through. */
  mp_status (*root)(void* self, mp_str_cb marker, void* user, int32_t* empty, mp_error*) MP_NOEXCEPT;
  /* [sink] Writes the engine's marker beside the messages, replacing an older one; durable on return. */
  mp_status (*mark)(void* self, mp_str text, mp_error*) MP_NOEXCEPT;
  /* [sink] Writes the message where no reader sees it and chooses its final places. Nothing is
   * visible yet. */
  mp_status (*store)(void* self, const mp_item*, const mp_body*, mp_staged* out,
                     mp_error*) MP_NOEXCEPT;
  /* [sink] Makes a staged message visible in all its places; never replaces a file. Doing it twice
   * is harmless. */
  mp_status (*publish)(void* self, const mp_staged*, mp_error*) MP_NOEXCEPT;
  /* [sink] Gives up a staging that was not published. */
  mp_status (*discard)(void* self, const mp_staged*, mp_error*) MP_NOEXCEPT;
  /* [sink] DATA: what is staged survives a power cut. NAMES: what was published does. A failure is
   * final for the batch. */
  mp_status (*sync)(void* self, int32_t phase, mp_error*) MP_NOEXCEPT;
  /* [sink] After open(), before any store(), for each open intent: *present = 1 if it was published
   * whole (its names are synced by the sync(NAMES) that follows), else 0 and nothing of it is left
   * visible. */
  mp_status (*recover)(void* self, const mp_intent*, int32_t* present, mp_error*) MP_NOEXCEPT;
  /* [sink] After recovery: removes our own stagings that nothing owns any more. */
  mp_status (*sweep)(void* self, mp_error*) MP_NOEXCEPT;
  /* The slots of capabilities may be NULL when the manifest does not name the capability. */
  /* [sink] Capability "link": stages one more place for a stored message. */
  mp_status (*link)(void* self, const mp_receipt*, const mp_item*, mp_str place, mp_staged* out,
                    mp_error*) MP_NOEXCEPT;
  /* [sink] Capability "update": takes over what the server changed, the difference between the
   * receipt's keywords and the item's; location may change. With the capability "metadata" it is called for whatever
   * else changed as well: places, attributes. Doing it twice is harmless. */
  mp_status (*update)(void* self, const mp_receipt*, const mp_item*, mp_str* location,
                      mp_error*) MP_NOEXCEPT;
  /* [sink] Capability "remove": takes away one place. Doing it twice is harmless. */
  mp_status (*remove)(void* self, const mp_receipt*, int32_t how, mp_error*) MP_NOEXCEPT;
  /* [sink] Capability "mailboxes": creates it, even without a message in it; or removes it, only if
   * ours and empty. Doing it twice is harmless. */
  mp_status (*mailbox)(void* self, int32_t what, const mp_mailbox*, mp_error*) MP_NOEXCEPT;
  /* [sink] Capability "read": the octets of a stored message as the server sent them. */
  mp_status (*read)(void* self, const mp_receipt*, mp_read_out*,
                    mp_status (*write)(mp_read_out*, const void*, uint64_t) MP_NOEXCEPT,
                    mp_error*) MP_NOEXCEPT;
  /* [sink] Capability "scan": everything that lies there, ours or not, for rebuild and adoption. */
  mp_status (*scan)(void* self, mp_found_out*,
                    mp_status (*found)(mp_found_out*, const mp_found*) MP_NOEXCEPT,
                    mp_error*) MP_NOEXCEPT;
} mp_sink_vt;

/* ----------------------------------------------------------------------------------------------
 * plugin */

enum { MP_KIND_SOURCE = 1, MP_KIND_FILTER = 2, MP_KIND_SINK = 3 };

typedef struct mp_component {
  uint32_t struct_size, kind; /* MP_KIND_* */
  mp_str type;                /* the YAML `type:`; must be one of the manifest's */
  /* [main] options: canonical JSON, validated against the manifest's schema, defaults filled in,
   * durations in seconds, sizes in octets, paths absolute; a secret is {"$secret": "<pointer>"} for
   * mp_host.secret. No network, no files. */
  mp_status (*create)(const mp_host*, mp_str options, void** self, mp_error*) MP_NOEXCEPT;
  void (*destroy)(void* self) MP_NOEXCEPT; /* [main] */
  const void* vtable;                      /* mp_source_vt, mp_filter_vt or mp_sink_vt */
} mp_component;

/* Plain data in the section ".mailpipe" of the library: read from the file, before any of its code
 * can run. */
typedef struct mp_tag {
  char magic[16];    /* "MAILPIPE-PLUGIN" */
  uint32_t tag_size; /* sizeof(mp_tag) */
  uint32_t abi_major, abi_minor, manifest_size;
  char id[64], version[32], toolchain[64]; /* NUL-terminated */
  /* manifest_size octets of JSON follow: id, version, license, summary, components[{type, kind,
   * summary, capabilities[], schema}] */
} mp_tag;

typedef struct mp_plugin {
  uint32_t struct_size, abi_major, abi_minor, component_count;
  const mp_tag* tag; /* keeps the section alive when the linker collects garbage */
  const mp_component* const* components;
} mp_plugin;

#if defined(__GNUC__) && !defined(__clang__)
#define MP_TAG_ATTRIBUTES \
  __attribute__((section(".mailpipe"), used, retain, visibility("hidden"), aligned(8)))
#else
#define MP_TAG_ATTRIBUTES \
  __attribute__((section(".mailpipe"), used, visibility("hidden"), aligned(8)))
#endif
#define MP_PASTE_(a, b) a##b
#define MP_PASTE(a, b) MP_PASTE_(a, b)
#define MP_TEXT_(x) #x
#define MP_TEXT(x) MP_TEXT_(x)

/* The tag and manifest of a plugin; mailpipe_add_plugin() writes the one use of it. */
#define MP_TAG_DEFINE(id_, version_, size_, ...)                                            \
  struct mp_tag_and_manifest {                                                              \
    mp_tag tag;                                                                             \
    unsigned char manifest[size_];                                                          \
  };                                                                                        \
  extern const struct mp_tag_and_manifest mailpipe_plugin_tag;                              \
  const struct mp_tag_and_manifest mailpipe_plugin_tag MP_TAG_ATTRIBUTES = {                \
      {"MAILPIPE-PLUGIN", sizeof(mp_tag), MP_ABI_MAJOR, MP_ABI_MINOR, size_, id_, version_, \
       "gcc-abi " __VERSION__},                                                             \
      {__VA_ARGS__}}

/* The single exported symbol; the ABI major is in its name. [main] */
#define MP_ENTRY MP_PASTE(mailpipe_plugin_v, 1)
#define MP_ENTRY_NAME "mailpipe_plugin_v1"
#ifdef __GNUC__
__attribute__((visibility("default")))
#endif
const mp_plugin*
MP_ENTRY(void) MP_NOEXCEPT;

/* Whether a table that came across the boundary has a slot and it is set. */
#define MP_HAS_SLOT(vt, slot) \
  ((vt)->struct_size >= offsetof(__typeof__(*(vt)), slot) + sizeof((vt)->slot) && (vt)->slot)

#ifdef __cplusplus
}
#endif
#endif
/* clang-format on */
