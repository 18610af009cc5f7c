/* A plugin of ABI 1.0 in plain C: a source, a filter and a sink that between them use most of what plugin.h offers.
 *
 * Its binary of the day on which the ABI became 1.0 lies beside it and is loaded by every later build. Do not change this
 * file: what a later minor adds gets a folder of its own. */
#define _GNU_SOURCE
#include <mailpipe/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const mp_tag mailpipe_plugin_tag;

#define TEXT(literal)            \
  (mp_str) {                     \
    literal, sizeof(literal) - 1 \
  }

struct instance {
  const mp_host* host;
  char path[256];
  int32_t dir, stage;
  char name[128];
  mp_placed placed;
};

static mp_status failed(mp_error* error, mp_status status, const char* what, int64_t code) {
  snprintf(error->what, sizeof error->what, "%s: %s", what, strerror((int)-code));
  snprintf(error->hint, sizeof error->hint, "this is a test");
  return status;
}

/* The options are canonical JSON: {"path":"/absolute"}. */
static mp_status create(const mp_host* host, mp_str options, void** self, mp_error* error) {
  struct instance* made = calloc(1, sizeof *made);
  const char* path = memmem(options.p, options.n, "\"path\":\"", 8);
  if (made == NULL) return failed(error, MP_E_TRANSIENT, "no memory", 0);
  made->host = host;
  made->dir = made->stage = -1;
  if (path != NULL) sscanf(path + 8, "%255[^\"]", made->path);
  *self = made;
  return MP_OK;
}

static void destroy(void* self) {
  struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  if (in->dir >= 0) fs->close(fs->ctx, in->dir);
  if (in->stage >= 0) fs->close(fs->ctx, in->stage);
  free(in);
}

/* ---- source: four messages; one is dropped by the filter, one is gone, one comes in two pieces */

static const char* const kKeys[] = {"abi:1", "abi:2", "abi:drop", "abi:gone"};

enum { kCount = 4 };

static uint32_t fetch_threads(void* self) {
  (void)self;
  return 1;
}

static mp_status check(void* self, mp_error* error) {
  (void)self, (void)error;
  return MP_OK;
}

static mp_status tell_all(mp_emitter* to, const mp_emitter_vt* vt, uint64_t stream) {
  const mp_str path[] = {TEXT("Old"), TEXT("Mail")};
  const mp_mailbox mailbox = {sizeof mailbox, 2, TEXT("box-1"), path, TEXT("archive")};
  const mp_str keywords[] = {TEXT("$seen")};
  const mp_pair attributes[] = {{TEXT("colour"), TEXT("blue")}};
  mp_event event = {.struct_size = sizeof event, .stream = stream};
  mp_status status;
  event.kind = MP_EV_ESTIMATE;
  event.count = kCount;
  if ((status = vt->emit(to, &event)) < 0) return status;
  event.kind = MP_EV_MAILBOX;
  event.mailbox = &mailbox;
  if ((status = vt->emit(to, &event)) < 0) return status;
  event.kind = MP_EV_LISTING_BEGIN;
  if ((status = vt->emit(to, &event)) < 0) return status;
  for (int i = 0; i < kCount; ++i) {
    const mp_str key = {kKeys[i], strlen(kKeys[i])};
    const mp_item item = {.struct_size = sizeof item,
                          .key = key,
                          .stream = stream,
                          .server_id = {key.p + 4, key.n - 4},
                          .ref = key,
                          .size = MP_NO_SIZE,
                          .received_at = 1700000000 + i,
                          .places = &mailbox,
                          .place_count = 1,
                          .keywords = keywords,
                          .keyword_count = 1,
                          .attributes = attributes,
                          .attribute_count = 1};
    event.kind = MP_EV_LISTED;
    event.item = &item;
    if ((status = vt->emit(to, &event)) < 0) return status;
  }
  event.kind = MP_EV_LISTING_END;
  return vt->emit(to, &event);
}

static mp_status list(void* self, const mp_cursor* cursors, size_t count, mp_emitter* to,
                      const mp_emitter_vt* vt, mp_error* error) {
  struct instance* in = self;
  mp_event event = {
      .struct_size = sizeof event, .kind = MP_EV_CHECKPOINT, .cursor = TEXT("{\"all\":true}")};
  mp_status status = vt->stream(to, TEXT("all"), TEXT("All mail"), &event.stream);
  int known = 0;
  for (size_t i = 0; i < count; ++i) {
    known |= cursors[i].stream == event.stream && cursors[i].cursor.n > 0;
  }
  if (status == MP_OK && !known) status = tell_all(to, vt, event.stream);
  if (status == MP_OK) status = vt->emit(to, &event);
  if (status < 0) return failed(error, status, "the listing was broken off", 0);
  in->host->counter(in->host, TEXT("listings"), 1);
  return MP_OK;
}

static mp_status deliver(mp_queue* queue, const mp_queue_vt* vt, const mp_work* work,
                         mp_error* error) {
  mp_writer* writer = NULL;
  char text[256];
  const int n =
      snprintf(text, sizeof text, "Subject: %.*s\r\n%s\r\nHello.\r\n", (int)work->key.n,
               work->key.p, work->key.n == 8 && work->key.p[4] == 'd' ? "X-Drop: yes\r\n" : "");
  mp_status status = vt->open(queue, work->token, &writer, error);
  if (status < 0) return status;
  if ((status = vt->write(writer, text, 10, error)) == MP_OK) {
    status = vt->write(writer, text + 10, (uint64_t)n - 10, error);
  }
  if (status < 0) {
    vt->abandon(writer);
    return status;
  }
  return vt->done(writer, error);
}

static mp_status fetch(void* self, mp_queue* queue, const mp_queue_vt* vt, mp_error* error) {
  const struct instance* in = self;
  for (;;) {
    const mp_work* works = NULL;
    uint32_t count = 0;
    mp_status status = vt->take(queue, 16, 1U << 20U, MP_TAKE_SAME_STREAM, &works, &count);
    if (status == MP_END) return MP_OK;
    if (status < 0) return status;
    for (uint32_t i = 0; i < count; ++i) {
      if (in->host->cancelled(in->host) == MP_ABORT) return MP_E_CANCELLED;
      if (works[i].key.n == 8 && memcmp(works[i].key.p, "abi:gone", 8) == 0) {
        vt->gone(queue, works[i].token);
      } else if ((status = deliver(queue, vt, &works[i], error)) < 0) {
        return status;
      }
    }
  }
}

static const mp_source_vt source_table = {
    sizeof(mp_source_vt), 0, fetch_threads, check, list, fetch};

/* ---- filter: drops what has a header X-Drop, and counts the rest across runs */

static uint32_t needs(void* self) {
  (void)self;
  return MP_NEED_HEADERS;
}

static void take_number(void* user, mp_str value) {
  *(int*)user = value.n > 0 ? value.p[0] - '0' : 0;
}

static mp_status judge(void* self, const mp_item* item, const mp_body* body, mp_verdict* out,
                       mp_error* error) {
  const struct instance* in = self;
  int judged = 0;
  (void)error;
  if (body == NULL || body->data == NULL || item->place_count != 1 ||
      item->places[0].path_count != 2) {
    return failed(error, MP_E_INTERNAL, "the host gave something else than 1.0 promises", 0);
  }
  if (memmem(body->data, body->size, "X-Drop:", 7) != NULL) {
    out->kind = MP_DROP;
    out->reason = TEXT("marked");
    return MP_OK;
  }
  if (in->host->kv_get(in->host, TEXT("judged"), take_number, &judged) != MP_OK) judged = 0;
  const char digit = (char)('0' + (judged + 1) % 10);
  out->token = 7;
  return in->host->kv_put(in->host, TEXT("judged"), (mp_str){&digit, 1});
}

static mp_status settle(void* self, uint64_t token, int32_t durable, mp_error* error) {
  const struct instance* in = self;
  if (token != 7) return failed(error, MP_E_INTERNAL, "another token", 0);
  if (durable) in->host->counter(in->host, TEXT("durable"), 1);
  return MP_OK;
}

static const mp_filter_vt filter_table = {sizeof(mp_filter_vt), 0, needs, judge, settle};

/* ---- sink: a file a message, named after its key */

static mp_status sink_open(void* self, int32_t read_only, mp_error* error) {
  struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  const int32_t flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  if (!read_only) fs->mkdirat(fs->ctx, AT_FDCWD, in->path, 0700);
  in->dir = fs->openat(fs->ctx, AT_FDCWD, in->path, flags, 0);
  if (in->dir < 0) return read_only ? MP_OK : failed(error, MP_E_CONFIG, in->path, in->dir);
  if (!read_only) fs->mkdirat(fs->ctx, in->dir, ".stage", 0700);
  in->stage = fs->openat(fs->ctx, in->dir, ".stage", flags, 0);
  return MP_OK;
}

static void count_mail(void* user, mp_str name) {
  if (name.n > 0 && name.p[0] != '.') ++*(int*)user;
}

static mp_status sink_root(void* self, mp_str_cb marker, void* user, int32_t* empty,
                           mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  char text[4096];
  int messages = 0;
  (void)error;
  if (in->dir < 0) {
    *empty = 1;
    return MP_OK;
  }
  const int32_t fd = fs->openat(fs->ctx, in->dir, ".marker", O_RDONLY | O_NOFOLLOW, 0);
  if (fd >= 0) {
    const int64_t n = fs->pread(fs->ctx, fd, text, sizeof text, 0);
    fs->close(fs->ctx, fd);
    if (n > 0) marker(user, (mp_str){text, (size_t)n});
  }
  fs->list(fs->ctx, in->dir, count_mail, &messages);
  *empty = messages == 0;
  return MP_OK;
}

/* Writes a whole file; 0 or -errno. */
static int64_t write_file(const mp_fs* fs, int32_t dir, const char* name, const char* data,
                          uint64_t size) {
  fs->unlinkat(fs->ctx, dir, name, 0);
  const int32_t fd = fs->openat(fs->ctx, dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  int64_t n = fd;
  while (n >= 0 && size > 0) {
    n = fs->write(fs->ctx, fd, data, size);
    if (n > 0) {
      data += n;
      size -= (uint64_t)n;
    }
  }
  if (n >= 0) n = fs->fdatasync(fs->ctx, fd);
  if (fd >= 0) fs->close(fs->ctx, fd);
  return n < 0 ? n : 0;
}

static mp_status sink_mark(void* self, mp_str text, mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  int64_t code = write_file(fs, in->dir, ".marker.new", text.p, text.n);
  if (code == 0) code = fs->rename(fs->ctx, in->dir, ".marker.new", in->dir, ".marker");
  if (code >= 0) code = fs->fsync(fs->ctx, in->dir);
  return code < 0 ? failed(error, MP_E_PERMANENT, "the marker", code) : MP_OK;
}

static mp_status sink_store(void* self, const mp_item* item, const mp_body* body, mp_staged* out,
                            mp_error* error) {
  struct instance* in = self;
  int64_t code = -EIO;
  snprintf(in->name, sizeof in->name, "%.*s", (int)item->key.n, item->key.p);
  if (body->data != NULL)
    code = write_file(in->host->fs, in->stage, in->name, body->data, body->size);
  if (code < 0) return failed(error, MP_E_PERMANENT, "cannot stage", code);
  const mp_str name = {in->name, strlen(in->name)};
  in->placed.place = TEXT("");
  in->placed.location = name;
  out->token = name;
  out->placed = &in->placed;
  out->placed_count = 1;
  return MP_OK;
}

static mp_status sink_publish(void* self, const mp_staged* staged, mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  char name[128];
  snprintf(name, sizeof name, "%.*s", (int)staged->token.n, staged->token.p);
  int32_t code = fs->rename_noreplace(fs->ctx, in->stage, name, in->dir, name);
  if (code == -ENOENT) code = 0; /* done before */
  return code < 0 ? failed(error, MP_E_ITEM, "cannot publish", code) : MP_OK;
}

static mp_status sink_discard(void* self, const mp_staged* staged, mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  char name[128];
  (void)error;
  snprintf(name, sizeof name, "%.*s", (int)staged->token.n, staged->token.p);
  fs->unlinkat(fs->ctx, in->stage, name, 0);
  return MP_OK;
}

static mp_status sink_sync(void* self, int32_t phase, mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  const int32_t code = fs->fsync(fs->ctx, phase == MP_SYNC_DATA ? in->stage : in->dir);
  return code < 0 ? failed(error, MP_E_PERMANENT, "cannot sync", code) : MP_OK;
}

static mp_status sink_recover(void* self, const mp_intent* intent, int32_t* present,
                              mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  mp_stat info = {.struct_size = sizeof info};
  char name[128];
  (void)error;
  snprintf(name, sizeof name, "%.*s", (int)intent->receipt->location.n,
           intent->receipt->location.p);
  *present = fs->stat(fs->ctx, in->dir, name, &info) >= 0 && info.size == intent->receipt->size;
  return MP_OK;
}

static void remove_one(void* user, mp_str entry) {
  const struct instance* in = user;
  char name[128];
  snprintf(name, sizeof name, "%.*s", (int)entry.n, entry.p);
  in->host->fs->unlinkat(in->host->fs->ctx, in->stage, name, 0);
}

static mp_status sink_sweep(void* self, mp_error* error) {
  const struct instance* in = self;
  (void)error;
  in->host->fs->list(in->host->fs->ctx, in->stage, remove_one, self);
  return MP_OK;
}

static mp_status sink_read(void* self, const mp_receipt* receipt, mp_read_out* out,
                           mp_status (*write)(mp_read_out*, const void*, uint64_t),
                           mp_error* error) {
  const struct instance* in = self;
  const mp_fs* fs = in->host->fs;
  char name[128], text[4096];
  mp_status status = MP_OK;
  int64_t n;
  snprintf(name, sizeof name, "%.*s", (int)receipt->location.n, receipt->location.p);
  const int32_t fd = fs->openat(fs->ctx, in->dir, name, O_RDONLY | O_NOFOLLOW, 0);
  if (fd < 0) return failed(error, MP_E_ITEM, name, fd);
  for (uint64_t at = 0; status == MP_OK && (n = fs->pread(fs->ctx, fd, text, sizeof text, at)) > 0;
       at += (uint64_t)n) {
    status = write(out, text, (uint64_t)n);
  }
  fs->close(fs->ctx, fd);
  return status;
}

static const mp_sink_vt sink_table = {.struct_size = sizeof(mp_sink_vt),
                                      .open = sink_open,
                                      .root = sink_root,
                                      .mark = sink_mark,
                                      .store = sink_store,
                                      .publish = sink_publish,
                                      .discard = sink_discard,
                                      .sync = sink_sync,
                                      .recover = sink_recover,
                                      .sweep = sink_sweep,
                                      .read = sink_read};

/* ---- plugin */

static const mp_component source = {
    sizeof(mp_component), MP_KIND_SOURCE, {"abi-source", 10}, create, destroy, &source_table};
static const mp_component filter = {
    sizeof(mp_component), MP_KIND_FILTER, {"abi-filter", 10}, create, destroy, &filter_table};
static const mp_component sink = {
    sizeof(mp_component), MP_KIND_SINK, {"abi-sink", 8}, create, destroy, &sink_table};
static const mp_component* const components[] = {&source, &filter, &sink};

const mp_plugin* MP_ENTRY(void) {
  static const mp_plugin plugin = {sizeof(mp_plugin),    MP_ABI_MAJOR, MP_ABI_MINOR, 3,
                                   &mailpipe_plugin_tag, components};
  return &plugin;
}
